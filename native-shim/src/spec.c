#include "spec.h"

#include <json-c/json.h>
#include <sched.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bundle-json.h"

#define COUNT_MAX 4096 /* mounts, devices: more than any container has, and far less than hurts */

char *spec_clean_path(struct decode *d, const char *path)
{
    size_t length = strlen(path);
    if (path[0] != '/' || length >= PATH_MAX) {
        decode_fail(d, "\"%.80s\" is not an absolute path", path);
        return NULL;
    }
    char *out = decode_alloc(d, length + 2, 1);
    if (!out) return NULL;
    size_t at = 0;
    for (const char *p = path; *p;) {
        while (*p == '/') p++;
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (at && out[--at] != '/') continue;
        } else if (n && !(n == 1 && p[0] == '.')) {
            out[at++] = '/';
            memcpy(out + at, p, n);
            at += n;
        }
        p += n;
    }
    if (!at) out[at++] = '/';
    out[at] = 0;
    return out;
}

static const struct {
    const char *name;
    int flag;
} namespace_types[] = {
    {"pid", CLONE_NEWPID}, {"mount", CLONE_NEWNS},      {"network", CLONE_NEWNET}, {"uts", CLONE_NEWUTS},
    {"ipc", CLONE_NEWIPC}, {"cgroup", CLONE_NEWCGROUP}, {"user", CLONE_NEWUSER},
};

static void decode_namespaces(struct decode *d, struct container_spec *spec, struct json_object *linux_object)
{
    struct json_object *array = decode_array(d, linux_object, "namespaces");
    size_t n = decode_length(array);
    if (n > NAMESPACES_MAX) decode_fail(d, "too many namespaces");
    for (size_t i = 0; i < n && !d->failed; i++) {
        struct json_object *item = decode_at(d, array, i, "namespaces");
        struct namespace_spec *ns = &spec->namespaces[spec->nnamespaces];
        char *type = decode_string(d, item, "type");
        for (size_t t = 0; type && t < sizeof namespace_types / sizeof *namespace_types; t++)
            if (strcmp(type, namespace_types[t].name) == 0) ns->flag = namespace_types[t].flag;
        if (!ns->flag)
            decode_fail(d, "namespace \"%s\" is not supported", type ? type : "");
        else if (spec_namespace(spec, ns->flag))
            decode_fail(d, "namespace \"%s\" is there twice", type);
        free(type);
        ns->path = decode_string(d, item, "path");
        if (ns->path && ns->path[0] != '/') decode_fail(d, "namespace path \"%s\" is not absolute", ns->path);
        if (ns->path && ns->flag == CLONE_NEWNS) decode_fail(d, "a mount namespace cannot be shared");
        spec->nnamespaces++;
    }
    if (!spec_namespace(spec, CLONE_NEWNS)) decode_fail(d, "a container needs a mount namespace of its own");
}

const struct namespace_spec *spec_namespace(const struct container_spec *spec, int flag)
{
    for (size_t i = 0; i < spec->nnamespaces; i++)
        if (spec->namespaces[i].flag == flag) return &spec->namespaces[i];
    return NULL;
}

int spec_namespaces(const struct container_spec *spec)
{
    int flags = 0;
    for (size_t i = 0; i < spec->nnamespaces; i++) flags |= spec->namespaces[i].flag;
    return flags;
}

static void decode_mounts(struct decode *d, struct container_spec *spec, struct json_object *config)
{
    struct json_object *array = decode_array(d, config, "mounts");
    size_t n = decode_length(array);
    if (n > COUNT_MAX) decode_fail(d, "too many mounts");
    if (!n || d->failed) return;
    spec->mounts = decode_alloc(d, n, sizeof *spec->mounts);
    for (size_t i = 0; spec->mounts && i < n && !d->failed; i++) {
        spec->nmounts = i + 1;
        mount_spec_decode(d, &spec->mounts[i], decode_at(d, array, i, "mounts"));
        if (!d->failed && i && spec->mounts[i].kind == MOUNT_OVERLAY)
            decode_fail(d, "the root is not the first of the mounts");
    }
}

static void decode_device(struct decode *d, struct device_spec *device, struct json_object *item)
{
    char *path = decode_string(d, item, "path"), *type = decode_string(d, item, "type");
    int64_t major = 0, minor = 0, mode = 0666, uid = 0, gid = 0;
    decode_int(d, item, "major", 0, 0xfff, &major);
    decode_int(d, item, "minor", 0, 0xfffff, &minor);
    decode_int(d, item, "fileMode", 0, 0177777, &mode);
    decode_int(d, item, "uid", 0, INT32_MAX, &uid);
    decode_int(d, item, "gid", 0, INT32_MAX, &gid);
    if (path) device->path = spec_clean_path(d, path);
    if (!device->path) decode_fail(d, "a device has no path");
    mode_t kind = 0;
    if (type && (strcmp(type, "c") == 0 || strcmp(type, "u") == 0)) kind = S_IFCHR;
    if (type && strcmp(type, "b") == 0) kind = S_IFBLK;
    if (type && strcmp(type, "p") == 0) kind = S_IFIFO;
    if (!kind) decode_fail(d, "device \"%s\" has no known type", device->path ? device->path : "");
    free(path);
    free(type);
    /* Some writers leave the type in the mode, as stat(2) gives it. */
    device->mode = kind | ((mode_t)mode & 07777);
    device->device = kind == S_IFIFO ? 0 : makedev((unsigned)major, (unsigned)minor);
    device->uid = (uid_t)uid;
    device->gid = (gid_t)gid;
}

static void decode_devices(struct decode *d, struct container_spec *spec, struct json_object *linux_object)
{
    struct json_object *array = decode_array(d, linux_object, "devices");
    size_t n = decode_length(array);
    if (n > COUNT_MAX) decode_fail(d, "too many devices");
    if (!n || d->failed) return;
    spec->devices = decode_alloc(d, n, sizeof *spec->devices);
    for (size_t i = 0; spec->devices && i < n && !d->failed; i++) {
        spec->ndevices = i + 1;
        decode_device(d, &spec->devices[i], decode_at(d, array, i, "devices"));
    }
}

/*
 * Only keys that belong to a namespace of the container: every other one is the host's (CVE-2022-0811 set
 * kernel.core_pattern through a value).
 */
static bool sysctl_allowed(const struct container_spec *spec, const char *key)
{
    static const char *const ipc[] = {"kernel/msgmax", "kernel/msgmnb",         "kernel/msgmni",
                                      "kernel/sem",    "kernel/shmall",         "kernel/shmmax",
                                      "kernel/shmmni", "kernel/shm_rmid_forced"};
    int flags = spec_namespaces(spec);
    if (strncmp(key, "net/", 4) == 0) return flags & CLONE_NEWNET;
    if (strncmp(key, "fs/mqueue/", 10) == 0) return flags & CLONE_NEWIPC;
    if (strcmp(key, "kernel/domainname") == 0) return flags & CLONE_NEWUTS;
    for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
        if (strcmp(key, ipc[i]) == 0) return flags & CLONE_NEWIPC;
    return false;
}

/*
 * "net.ipv4.ip_forward" to "net/ipv4/ip_forward". As sysctl(8) has it: where the first separator is a slash,
 * dots are parts of names ("net/ipv4/conf/eth0.1/forwarding").
 */
static bool sysctl_path(char *key)
{
    char *first = key + strcspn(key, "./");
    if (*first == '.')
        for (char *p = key; *p; p++) *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
    if (*key == '/' || !*key) return false;
    for (const char *p = key; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return false;
        if (!p[n]) return true;
        p += n + 1;
        if (!*p) return false;
    }
    return true;
}

static void decode_sysctls(struct decode *d, struct container_spec *spec, struct json_object *linux_object)
{
    struct json_object *object = decode_object(d, linux_object, "sysctl");
    if (!object) return;
    spec->sysctls = decode_alloc(d, (size_t)json_object_object_length(object), sizeof *spec->sysctls);
    if (!spec->sysctls) return;
    json_object_object_foreach(object, key, value)
    {
        struct pair *pair = &spec->sysctls[spec->nsysctls++];
        pair->key = strdup(key);
        pair->value = decode_element(d, value, "sysctl");
        if (!pair->key || !pair->value) return;
        if (!sysctl_path(pair->key) || !sysctl_allowed(spec, pair->key))
            decode_fail(d, "sysctl \"%s\" is not in a separate namespace of the container", key);
        if (strpbrk(pair->value, "\n\r"))
            decode_fail(d, "sysctl \"%s\" has a value of more than one line", key);
    }
}

static void decode_linux(struct decode *d, struct container_spec *spec, struct json_object *linux_object)
{
    decode_namespaces(d, spec, linux_object);
    decode_devices(d, spec, linux_object);
    decode_sysctls(d, spec, linux_object);
    spec->masked = decode_strings(d, linux_object, "maskedPaths");
    spec->readonly = decode_strings(d, linux_object, "readonlyPaths");
    char *path = decode_string(d, linux_object, "cgroupsPath");
    if (path && *path) spec->cgroup_path = spec_clean_path(d, path);
    if (spec->cgroup_path && strcmp(spec->cgroup_path, "/") == 0)
        decode_fail(d, "\"cgroupsPath\" is the root");
    free(path);
    resources_decode(d, &spec->resources, decode_object(d, linux_object, "resources"));
    char *propagation = decode_string(d, linux_object, "rootfsPropagation");
    if (propagation && *propagation &&
        !mount_propagation(propagation, &spec->root_propagation, &spec->root_propagate_recursively))
        decode_fail(d, "unknown propagation \"%s\"", propagation);
    free(propagation);
    spec_users_decode(d, spec, linux_object);
}

struct container_spec *spec_decode(struct decode *d, struct json_object *config)
{
    struct container_spec *spec = decode_alloc(d, 1, sizeof *spec);
    if (!spec) return NULL;
    struct json_object *root = decode_object(d, config, "root");
    spec->root = decode_string(d, root, "path");
    spec->root_readonly = decode_bool(d, root, "readonly", false);
    if (!spec->root) decode_fail(d, "\"root\" has no path");
    spec->hostname = decode_string(d, config, "hostname");
    spec->domainname = decode_string(d, config, "domainname");
    decode_mounts(d, spec, config);
    decode_linux(d, spec, decode_object(d, config, "linux"));
    if ((spec->hostname || spec->domainname) && !d->failed && !spec_namespace(spec, CLONE_NEWUTS))
        decode_fail(d, "a hostname needs a uts namespace");
    if (!d->failed) return spec;
    spec_free(spec);
    return NULL;
}

void spec_free(struct container_spec *spec)
{
    if (!spec) return;
    free(spec->root);
    free(spec->hostname);
    free(spec->domainname);
    for (size_t i = 0; i < spec->nmounts; i++) mount_spec_free(&spec->mounts[i]);
    free(spec->mounts);
    for (size_t i = 0; i < spec->nnamespaces; i++) free(spec->namespaces[i].path);
    for (size_t i = 0; i < spec->ndevices; i++) free(spec->devices[i].path);
    free(spec->devices);
    for (size_t i = 0; i < spec->nsysctls; i++) {
        free(spec->sysctls[i].key);
        free(spec->sysctls[i].value);
    }
    free(spec->sysctls);
    strings_free(spec->masked);
    strings_free(spec->readonly);
    free(spec->cgroup_path);
    resources_free(&spec->resources);
    free(spec->uids.ranges);
    free(spec->gids.ranges);
    free(spec);
}
