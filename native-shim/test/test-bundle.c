/* config.json and shim.json: what is decoded, what is refused, and that nothing hostile does harm. */
#include "check.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bundle-json.h"
#include "bundle.h"
#include "spec.h"

static char dir[] = "/tmp/test-bundle-XXXXXX";

static const char config[] =
    "{\"ociVersion\":\"1.2.0\",\"hostname\":\"box\",\"domainname\":\"example\","
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
    "\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
    "\"user\":{\"uid\":1000,\"gid\":100,\"additionalGids\":[4,5],\"umask\":18},"
    "\"args\":[\"sh\",\"-c\",\"true\"],\"env\":[\"PATH=/bin\",\"A=\"],\"cwd\":\"/a//b/../c/.\","
    "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_CHECKPOINT_RESTORE\"],\"effective\":[\"CAP_CHOWN\"],"
    "\"permitted\":[\"CAP_CHOWN\"],\"inheritable\":[],\"ambient\":[\"CAP_KILL\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":10,\"hard\":18446744073709551615}],"
    "\"noNewPrivileges\":true,\"oomScoreAdj\":-500},"
    "\"mounts\":["
    "{\"destination\":\"/\",\"type\":\"overlay\",\"source\":\"overlay\","
    "\"options\":[\"lowerdir=/l/1\",\"upperdir=/u\",\"workdir=/w\"]},"
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\"]},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=64k\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":[\"ro\"]},"
    "{\"destination\":\"/v/../vol/\",\"type\":\"bind\",\"source\":\"/src\","
    "\"options\":[\"rbind\",\"rro\",\"rslave\",\"nodev\"]}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"ipc\"}"
    ","
    "{\"type\":\"network\",\"path\":\"/run/netns/x\"},{\"type\":\"cgroup\"}],"
    "\"devices\":[{\"path\":\"/dev/"
    "fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":438,\"uid\":1,"
    "\"gid\":2}],"
    "\"cgroupsPath\":\"/tinydocker/x\","
    "\"resources\":{\"memory\":{\"limit\":67108864,\"swap\":-1},\"cpu\":{\"shares\":512,\"quota\":50000,"
    "\"period\":100000,\"cpus\":\"0-1,3\"},\"pids\":{\"limit\":10},\"unified\":{\"memory.high\":\"max\"},"
    "\"blockIO\":{\"weight\":300,\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":20}],"
    "\"throttleWriteIOPSDevice\":[{\"major\":254,\"minor\":0,\"rate\":1000}]},"
    "\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
    "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-1,\"access\":\"rw\"}]},"
    "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/conf/eth0.1/forwarding\":\"1\"},"
    "\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],\"rootfsPropagation\":\"rslave\"}}";

static const char shim[] =
    "{\"id\":\"0123abc\",\"user\":\"bob:staff\",\"groups\":[\"audio\",\"7\"],\"makeCwd\":true,"
    "\"stdin\":{\"open\":true,\"once\":true},"
    "\"log\":{\"driver\":\"json-file\",\"path\":\"/log\",\"maxSize\":100,\"maxFiles\":3}}";

static void put(const char *name, const char *text, size_t length)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
}

static struct bundle *load(const char *config_text, const char *shim_text, char *error, size_t size)
{
    put("config.json", config_text, strlen(config_text));
    put("shim.json", shim_text, strlen(shim_text));
    return bundle_load(dir, error, size);
}

static void test_process(const struct process *p)
{
    CHECK(strcmp(p->args[0], "sh") == 0 && strcmp(p->args[2], "true") == 0 && !p->args[3]);
    CHECK(strcmp(p->env[1], "A=") == 0 && !p->env[2]);
    CHECK(strcmp(p->cwd, "/a/c") == 0);
    CHECK(strcmp(p->user, "bob:staff") == 0);
    CHECK(strcmp(p->groups[0], "audio") == 0 && strcmp(p->groups[1], "7") == 0 && !p->groups[2]);
    CHECK(p->uid == 1000 && p->gid == 100 && p->ngids == 2 && p->gids[1] == 5);
    CHECK(p->has_umask && p->umask == 022 && p->terminal && p->rows == 24 && p->cols == 80);
    CHECK(p->bounding == (1ull << CAP_CHOWN | 1ull << CAP_CHECKPOINT_RESTORE));
    CHECK(p->effective == 1ull << CAP_CHOWN && p->inheritable == 0 && p->ambient == 1ull << CAP_KILL);
    CHECK(p->nrlimits == 1 && p->rlimits[0].resource == RLIMIT_NOFILE);
    CHECK(p->rlimits[0].soft == 10 && p->rlimits[0].hard == UINT64_MAX);
    CHECK(p->no_new_privileges && p->make_cwd && p->has_oom_score_adj && p->oom_score_adj == -500);
}

static void test_mounts(const struct container_spec *spec)
{
    CHECK(spec->nmounts == 6 && spec->mounts[0].kind == MOUNT_OVERLAY);
    CHECK(strcmp(spec->mounts[0].options[2], "workdir=/w") == 0);
    CHECK(spec->mounts[1].kind == MOUNT_PROC);
    CHECK(spec->mounts[1].set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC) && !spec->mounts[1].options[0]);
    const struct mount_spec *dev = &spec->mounts[2], *bind = &spec->mounts[5];
    CHECK(dev->kind == MOUNT_FILESYSTEM && dev->set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME));
    CHECK(strcmp(dev->options[0], "mode=755") == 0 && strcmp(dev->options[1], "size=64k") == 0 &&
          !dev->options[2]);
    CHECK(spec->mounts[3].kind == MOUNT_SYSFS && spec->mounts[4].kind == MOUNT_CGROUP);
    CHECK(bind->kind == MOUNT_BIND && bind->recursive_bind && strcmp(bind->destination, "/vol") == 0);
    CHECK(bind->set == MOUNT_ATTR_NODEV && bind->recursive_set == MOUNT_ATTR_RDONLY);
    CHECK(bind->propagation == MS_SLAVE && bind->propagate_recursively);
}

static void test_spec(const struct container_spec *spec)
{
    CHECK(strcmp(spec->root, "rootfs") == 0 && spec->root_readonly);
    CHECK(strcmp(spec->hostname, "box") == 0 && strcmp(spec->domainname, "example") == 0);
    CHECK(spec->root_propagation == MS_SLAVE && spec->root_propagate_recursively);
    CHECK(spec_namespaces(spec) ==
          (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP));
    CHECK(strcmp(spec_namespace(spec, CLONE_NEWNET)->path, "/run/netns/x") == 0);
    CHECK(!spec_namespace(spec, CLONE_NEWPID)->path && !spec_namespace(spec, CLONE_NEWUSER));
    const struct device_spec *d = &spec->devices[0];
    CHECK(spec->ndevices == 1 && d->mode == (S_IFCHR | 0666) && d->device == makedev(10, 229));
    CHECK(d->uid == 1 && d->gid == 2);
    CHECK(strcmp(spec->cgroup_path, "/tinydocker/x") == 0);
    const struct resources *r = &spec->resources;
    CHECK(r->memory_limit == 67108864 && r->memory_swap == -1 && r->memory_reservation == RESOURCE_UNSET);
    CHECK(r->cpu_shares == 512 && strcmp(r->cpus, "0-1,3") == 0 && !r->mems && r->pids == 10);
    CHECK(r->nunified == 1 && strcmp(r->unified[0].key, "memory.high") == 0);
    CHECK(r->blkio_weight == 300 && r->weight_devices.n == 1 && r->weight_devices.list[0].value == 20);
    CHECK(r->write_iops.n == 1 && r->write_iops.list[0].major == 254 && r->write_iops.list[0].value == 1000);
    CHECK(!r->read_bps.n && r->ndevices == 2);
    CHECK(!r->devices[0].allow && r->devices[0].type == 'a' && r->devices[0].access == 7);
    CHECK(r->devices[1].allow && r->devices[1].type == 'c' && r->devices[1].major == 1);
    CHECK(r->devices[1].minor == DEVICE_ANY && r->devices[1].access == (DEVICE_READ | DEVICE_WRITE));
    CHECK(strcmp(spec->sysctls[0].key, "net/ipv4/ip_forward") == 0);
    CHECK(strcmp(spec->sysctls[1].key, "net/ipv4/conf/eth0.1/forwarding") == 0);
    CHECK(strcmp(spec->masked[0], "/proc/kcore") == 0 && strcmp(spec->readonly[0], "/proc/sys") == 0);
}

static void test_good(void)
{
    char error[256] = "";
    struct bundle *b = load(config, shim, error, sizeof error);
    CHECK_TEXT(error, strlen(error), "");
    CHECK(b && strcmp(b->id, "0123abc") == 0 && strcmp(b->dir, dir) == 0);
    CHECK(b->stdin_open && b->stdin_once);
    CHECK(strcmp(b->log.path, "/log") == 0 && b->log.max_size == 100 && b->log.max_files == 3);
    test_process(&b->process);
    test_mounts(b->spec);
    test_spec(b->spec);
    bundle_free(b);
}

/* The first occurrence of FROM in TEXT replaced. */
static char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    CHECK(at);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static void refused(const char *from, const char *to, const char *reason)
{
    char error[256] = "", *text = with(config, from, to);
    struct bundle *b = load(text, shim, error, sizeof error);
    if (b || !strstr(error, reason)) fprintf(stderr, "%s -> %s: \"%s\"\n", from, to, error);
    CHECK(!b && strstr(error, reason));
    free(text);
}

static void shim_refused(const char *from, const char *to, const char *reason)
{
    char error[256] = "", *text = with(shim, from, to);
    CHECK(!load(config, text, error, sizeof error) && strstr(error, reason));
    free(text);
}

#define MAP(name, size) "\"" name "\":[{\"containerID\":0,\"hostID\":5000,\"size\":" size "}],"
#define MAPS MAP("uidMappings", "2") MAP("gidMappings", "2")

/* What is said in the container's ids, and done from outside of its user namespace, is in the host's afterwards. */
static void test_users(void)
{
    char error[256] = "", *first = with(config, "\"namespaces\":[",
                                        MAP("uidMappings", "2")
                                            MAP("gidMappings", "9") "\"namespaces\":[{\"type\":\"user\"},");
    char *text = with(first, "\"mode=755\",\"size=64k\"", "\"uid=1\",\"gid=7\",\"size=64k\"");
    struct bundle *b = load(text, shim, error, sizeof error);
    CHECK_TEXT(error, strlen(error), "");
    CHECK(b && spec_namespace(b->spec, CLONE_NEWUSER) && b->spec->uids.n == 1 &&
          b->spec->uids.ranges[0].outside == 5000);
    CHECK(strcmp(b->spec->mounts[2].options[0], "uid=5001") == 0 &&
          strcmp(b->spec->mounts[2].options[1], "gid=5007") == 0);
    CHECK(b->spec->devices[0].uid == 5001 && b->spec->devices[0].gid == 5002);
    bundle_free(b);
    free(text);
    text = with(first, "\"mode=755\"", "\"uid=2\"");
    CHECK(!load(text, shim, error, sizeof error) && strstr(error, "/dev: 2 is not in the user namespace"));
    free(text);
    free(first);
}

static void test_refused(void)
{
    refused("\"cwd\":\"/a//b/../c/.\"", "\"cwd\":\"a\"", "not an absolute path");
    refused("[\"sh\",\"-c\",\"true\"]", "[]", "\"args\" is missing or empty");
    refused("\"sh\"", "\"s\\u0000h\"", "NUL character");
    refused("\"sh\"", "7", "\"args\"");
    refused("CAP_CHECKPOINT_RESTORE", "CAP_EVERYTHING", "CAP_EVERYTHING");
    refused("RLIMIT_NOFILE", "RLIMIT_NONE", "RLIMIT_NONE");
    refused("\"soft\":10,\"hard\":18446744073709551615", "\"soft\":10,\"hard\":9", "above");
    refused("\"uid\":1000", "\"uid\":4294967296", "\"uid\" is out of range");
    refused("\"uid\":1000", "\"uid\":-1", "\"uid\" is out of range");
    refused("\"uid\":1000", "\"uid\":\"0\"", "\"uid\" is a JSON string");
    refused("[4,5]", "[2147483648]", "additionalGids");
    refused("\"umask\":18", "\"umask\":512", "umask");
    refused("\"oomScoreAdj\":-500", "\"oomScoreAdj\":-1001", "oomScoreAdj");
    refused("\"type\":\"cgroup\"}", "\"type\":\"time\"}", "\"time\" is not supported");
    refused("{\"type\":\"mount\"}", "{\"type\":\"mount\"},{\"type\":\"user\"}", "needs uidMappings");
    refused("\"cgroupsPath\"", MAPS "\"cgroupsPath\"", "needs uidMappings");
    refused("\"namespaces\":[", MAPS "\"namespaces\":[{\"type\":\"user\"},",
            "2 is not in the user namespace");
    refused("\"nodev\"]}]", "\"nodev\",\"idmap\",\"idmap=container\"]}]", "cannot have the ids");
    refused("{\"type\":\"cgroup\"}", "{\"type\":\"pid\"}", "there twice");
    refused("{\"type\":\"mount\"},", "", "mount namespace");
    refused("{\"type\":\"mount\"}", "{\"type\":\"mount\",\"path\":\"/proc/1/ns/mnt\"}", "cannot be shared");
    refused("/run/netns/x", "netns/x", "not absolute");
    refused("{\"type\":\"uts\"},", "", "uts namespace");
    refused("\"rslave\",\"nodev\"", "\"rslave\",\"nodevv\"", "nodevv");
    refused("\"rslave\",\"nodev\"", "\"remount\"", "not supported");
    refused("\"source\":\"/src\",", "", "no source");
    refused("\"destination\":\"/v/../vol/\"", "\"destination\":\"/v/..\"", "root");
    refused("\"destination\":\"/v/../vol/\"", "\"destination\":\"vol\"", "not an absolute path");
    refused("\"type\":\"c\",", "\"type\":\"x\",", "type");
    refused("/tinydocker/x", "/tinydocker/../..", "the root");
    refused("0-1,3", "0-1\\n3", "list of numbers");
    refused("memory.high", "../memory.high", "not a file");
    refused("memory.high", "cgroup.procs", "not a file");
    refused("net.ipv4.ip_forward", "kernel.core_pattern", "namespace");
    refused("net.ipv4.ip_forward", "net/../kernel/core_pattern", "namespace");
    refused("net.ipv4.ip_forward", "net//x", "namespace");
    refused("net.ipv4.ip_forward\":\"1\"", "net.ipv4.ip_forward\":\"1\\nkernel\"", "one line");
    refused("\"access\":\"rw\"", "\"access\":\"rx\"", "not an access");
    refused("\"access\":\"rw\"", "\"access\":\"\"", "is empty");
    refused("\"type\":\"c\",\"major\":1,", "\"type\":\"d\",\"major\":1,", "not a type of device");
    refused("\"type\":\"c\",\"major\":1,", "\"type\":\"a\",\"major\":1,", "all types");
    refused("\"minor\":-1", "\"minor\":4294967296", "\"minor\" is out of range");
    refused("\"rate\":1000", "\"rate\":\"x\"", "\"rate\"");
    refused("\"rootfsPropagation\":\"rslave\"", "\"rootfsPropagation\":\"deep\"", "propagation");
    refused("\"path\":\"rootfs\",", "", "no path");
    shim_refused("0123abc", "../x", "\"id\"");
    shim_refused("0123abc", "", "\"id\"");
    shim_refused("json-file", "odd", "unknown driver");
    shim_refused("json-file", "syslog", "no address");
    shim_refused("\"/log\"", "\"log\"", "absolute path");
    shim_refused("[\"audio\",\"7\"]", "[7]", "groups");
}

static void test_broken(void)
{
    char error[256];
    const char *texts[] = {"", "{", "[]", "null", "7", "{}x", "{\"process\":", "\xff\xfe", "{\"a\":1}{"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        error[0] = 0;
        CHECK(!load(texts[i], shim, error, sizeof error) && error[0]);
        error[0] = 0;
        CHECK(!load(config, texts[i], error, sizeof error) && error[0]);
    }
    char deep[4096];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    CHECK(!load(deep, shim, error, sizeof error) && strstr(error, "config.json"));
    CHECK(!bundle_load("/nonexistent", error, sizeof error) && strstr(error, "/nonexistent"));
    char small[4];
    CHECK(!load("{}", shim, small, sizeof small) && strlen(small) < sizeof small);
}

/* A FIFO or a link in place of a file is refused, and waits for nobody. */
static void test_not_a_file(void)
{
    char error[256], path[128];
    bundle_free(load(config, shim, error, sizeof error));
    snprintf(path, sizeof path, "%s/shim.json", dir);
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK(!bundle_load(dir, error, sizeof error) && strstr(error, "regular file"));
    CHECK(unlink(path) == 0 && symlink("/dev/zero", path) == 0);
    CHECK(!bundle_load(dir, error, sizeof error));
    CHECK(unlink(path) == 0);
}

/* Any byte missing, or another: an error or a bundle, and nothing else. */
static void test_bytes(void)
{
    static const char replacements[] = {0, '"', '9', '-', '}', (char)0xff};
    size_t length = strlen(config);
    char *text = malloc(length + 1), error[256];
    for (size_t i = 0; i < length; i++) {
        memcpy(text, config, length + 1);
        text[i] = replacements[i % sizeof replacements];
        put("config.json", text, length);
        bundle_free(bundle_load(dir, error, sizeof error));
        put("config.json", config, i);
        CHECK(!bundle_load(dir, error, sizeof error));
    }
    free(text);
}

static struct json_object *root;

static void load_root(void)
{
    char error[256];
    const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
    put("config.json", text, strlen(text));
    bundle_free(bundle_load(dir, error, sizeof error));
}

static struct json_object *other(int i)
{
    static const char *const texts[] = {"null", "true",  "-1",     "9223372036854775808", "1.5",
                                        "\"\"", "\"/\"", "[null]", "{\"\":[]}",           "[[],{},\"x\",0]"};
    return i < (int)(sizeof texts / sizeof *texts) ? json_tokener_parse(texts[i]) : NULL;
}

/* Every value in turn becomes one of every other kind. */
static void walk(struct json_object *node)
{
    if (json_object_is_type(node, json_type_object)) {
        json_object_object_foreach(node, key, value)
        {
            char *name = strdup(key);
            json_object_get(value);
            for (int i = 0; i < 10; i++) {
                json_object_object_add(node, name, other(i));
                load_root();
            }
            json_object_object_add(node, name, value);
            free(name);
            walk(value);
        }
    } else if (json_object_is_type(node, json_type_array)) {
        for (size_t k = 0; k < json_object_array_length(node); k++) {
            struct json_object *value = json_object_get(json_object_array_get_idx(node, k));
            for (int i = 0; i < 10; i++) {
                json_object_array_put_idx(node, k, other(i));
                load_root();
            }
            json_object_array_put_idx(node, k, value);
            walk(value);
        }
    }
}

static void test_kinds(void)
{
    put("shim.json", shim, strlen(shim));
    root = json_tokener_parse(config);
    walk(root);
    json_object_put(root);
}

static void cleans(const char *path, const char *expected)
{
    struct decode d = {.error = NULL, .size = 0};
    char *clean = spec_clean_path(&d, path);
    CHECK(clean);
    CHECK_TEXT(clean, strlen(clean), expected);
    free(clean);
}

static void test_clean_path(void)
{
    cleans("/", "/");
    cleans("//", "/");
    cleans("/..", "/");
    cleans("/../../x", "/x");
    cleans("/a/b/../../c", "/c");
    cleans("/a/./b//", "/a/b");
    cleans("/a/...", "/a/...");
    cleans("/a/..b/c..", "/a/..b/c..");
}

int main(void)
{
    CHECK(mkdtemp(dir));
    test_good();
    test_users();
    test_refused();
    test_broken();
    test_not_a_file();
    put("shim.json", shim, strlen(shim));
    test_bytes();
    test_kinds();
    test_clean_path();
    char command[160];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) == 0 ? 0 : 1;
}
