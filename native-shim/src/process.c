/* Decodes an OCI process object into struct process. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bundle-json.h"
#include "bundle.h"
#include "capability.h"
#include "spec.h"

#define ID_MAX                                                                                               \
    INT32_MAX /* ids above do not survive the kernel's and libc's conversions to int (CVE-2024-40635) */

static const struct {
    const char *name;
    int resource;
} limits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static int limit_number(const char *name)
{
    for (size_t i = 0; name && i < sizeof limits / sizeof *limits; i++)
        if (strcmp(name, limits[i].name) == 0) return limits[i].resource;
    return -1;
}

static void decode_rlimits(struct decode *d, struct process *p, struct json_object *process)
{
    struct json_object *array = decode_array(d, process, "rlimits");
    size_t n = decode_length(array);
    if (!n) return;
    p->rlimits = decode_alloc(d, n, sizeof *p->rlimits);
    for (size_t i = 0; p->rlimits && i < n && !d->failed; i++) {
        struct json_object *item = decode_at(d, array, i, "rlimits");
        struct rlimit_entry *r = &p->rlimits[i];
        char *type = decode_string(d, item, "type");
        r->resource = limit_number(type);
        if (r->resource < 0)
            decode_fail(d, "unknown rlimit \"%s\"", type ? type : "");
        else if (!decode_uint64(d, item, "soft", &r->soft) || !decode_uint64(d, item, "hard", &r->hard))
            decode_fail(d, "rlimit \"%s\" lacks a limit", type);
        else if (r->soft > r->hard)
            decode_fail(d, "rlimit \"%s\": soft limit above the hard one", type);
        free(type);
        p->nrlimits = i + 1;
    }
}

static uint64_t decode_capability_set(struct decode *d, struct json_object *sets, const char *key)
{
    char **names = decode_strings(d, sets, key);
    uint64_t mask = 0;
    for (char **name = names; name && *name; name++) {
        int number = capability_number(*name);
        if (number < 0)
            decode_fail(d, "unknown capability \"%s\"", *name);
        else
            mask |= UINT64_C(1) << number;
    }
    strings_free(names);
    return mask;
}

static void decode_user(struct decode *d, struct process *p, struct json_object *process)
{
    struct json_object *user = decode_object(d, process, "user");
    int64_t n;
    if (decode_int(d, user, "uid", 0, ID_MAX, &n)) p->uid = (uint32_t)n;
    if (decode_int(d, user, "gid", 0, ID_MAX, &n)) p->gid = (uint32_t)n;
    if (decode_int(d, user, "umask", 0, 0777, &n)) {
        p->umask = (uint32_t)n;
        p->has_umask = true;
    }
    struct json_object *gids = decode_array(d, user, "additionalGids");
    size_t count = decode_length(gids);
    if (!count) return;
    p->gids = decode_alloc(d, count, sizeof *p->gids);
    for (size_t i = 0; p->gids && i < count; i++) {
        struct json_object *value = json_object_array_get_idx(gids, i);
        int64_t gid =
            value && json_object_get_type(value) == json_type_int ? json_object_get_int64(value) : -1;
        if (gid < 0 || gid > ID_MAX) {
            decode_fail(d, "an element of \"additionalGids\" is not a group id");
            return;
        }
        p->gids[p->ngids++] = (uint32_t)gid;
    }
}

static void decode_terminal(struct decode *d, struct process *p, struct json_object *process)
{
    p->terminal = decode_bool(d, process, "terminal", false);
    struct json_object *size = decode_object(d, process, "consoleSize");
    int64_t n;
    if (decode_int(d, size, "height", 0, UINT16_MAX, &n)) p->rows = (uint16_t)n;
    if (decode_int(d, size, "width", 0, UINT16_MAX, &n)) p->cols = (uint16_t)n;
}

static void decode_process(struct decode *d, struct process *p, struct json_object *process)
{
    p->args = decode_strings(d, process, "args");
    p->env = decode_strings(d, process, "env");
    char *cwd = decode_string(d, process, "cwd");
    if (cwd && *cwd) p->cwd = spec_clean_path(d, cwd);
    free(cwd);
    if (!p->args || !p->args[0]) decode_fail(d, "\"args\" is missing or empty");
    if (!p->env) p->env = decode_alloc(d, 1, sizeof *p->env);
    if (!p->cwd) decode_fail(d, "\"cwd\" is missing");
    decode_terminal(d, p, process);
    decode_user(d, p, process);
    decode_rlimits(d, p, process);
    struct json_object *sets = decode_object(d, process, "capabilities");
    p->bounding = decode_capability_set(d, sets, "bounding");
    p->effective = decode_capability_set(d, sets, "effective");
    p->permitted = decode_capability_set(d, sets, "permitted");
    p->inheritable = decode_capability_set(d, sets, "inheritable");
    p->ambient = decode_capability_set(d, sets, "ambient");
    p->apparmor = decode_string(d, process, "apparmorProfile");
    p->no_new_privileges = decode_bool(d, process, "noNewPrivileges", false);
    int64_t n;
    if (decode_int(d, process, "oomScoreAdj", -1000, 1000, &n)) {
        p->oom_score_adj = (int)n;
        p->has_oom_score_adj = true;
    }
}

static void decode_groups(struct decode *d, struct process *p, struct json_object *groups)
{
    if (!groups) return;
    if (json_object_get_type(groups) != json_type_array) {
        decode_fail(d, "\"groups\" is not an array");
        return;
    }
    size_t n = json_object_array_length(groups);
    p->groups = decode_alloc(d, n + 1, sizeof *p->groups);
    for (size_t i = 0; p->groups && i < n; i++)
        if (!(p->groups[i] = decode_element(d, json_object_array_get_idx(groups, i), "groups"))) return;
}

int process_decode(struct process *p, struct json_object *process, const char *user,
                   struct json_object *groups, char *error, size_t size)
{
    struct decode d = {.error = error, .size = size};
    memset(p, 0, sizeof *p);
    if (!process || json_object_get_type(process) != json_type_object)
        decode_fail(&d, "\"process\" is not an object");
    else
        decode_process(&d, p, process);
    decode_groups(&d, p, groups);
    if (user && !(p->user = strdup(user))) decode_fail(&d, "out of memory");
    if (!d.failed) return 0;
    process_free(p);
    return -1;
}

void process_free(struct process *p)
{
    strings_free(p->args);
    strings_free(p->env);
    strings_free(p->groups);
    free(p->cwd);
    free(p->apparmor);
    free(p->user);
    free(p->gids);
    free(p->rlimits);
    memset(p, 0, sizeof *p);
}
