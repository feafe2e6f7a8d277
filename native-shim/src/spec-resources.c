#include "spec-resources.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "bundle-json.h"
#include "spec.h"

static int64_t number(struct decode *d, struct json_object *parent, const char *key, int64_t min, int64_t max)
{
    int64_t n = RESOURCE_UNSET;
    decode_int(d, parent, key, min, max, &n);
    return n;
}

/* "0-3,7": what the kernel parses. Anything else never gets as far as a file of the cgroup. */
static char *cpu_list(struct decode *d, struct json_object *parent, const char *key)
{
    char *text = decode_string(d, parent, key);
    if (text && strspn(text, "0123456789,-") != strlen(text))
        decode_fail(d, "\"%s\" is not a list of numbers", key);
    if (text && !*text) {
        free(text);
        return NULL;
    }
    return text;
}

/* A key names one file of a cgroup: no path, no control of membership or delegation. */
static bool unified_key(const char *key)
{
    return *key && !strchr(key, '/') && strchr(key, '.') && key[0] != '.' && strncmp(key, "cgroup.", 7) != 0;
}

static void decode_unified(struct decode *d, struct resources *r, struct json_object *object)
{
    if (!object) return;
    r->unified = decode_alloc(d, (size_t)json_object_object_length(object), sizeof *r->unified);
    if (!r->unified) return;
    json_object_object_foreach(object, key, value)
    {
        struct pair *pair = &r->unified[r->nunified];
        if (!unified_key(key)) decode_fail(d, "\"%s\" is not a file of a cgroup", key);
        pair->value = decode_element(d, value, "unified");
        pair->key = strdup(key);
        r->nunified++;
        if (d->failed || !pair->key) return;
    }
}

void resources_decode(struct decode *d, struct resources *r, struct json_object *resources)
{
    struct json_object *memory = decode_object(d, resources, "memory");
    r->memory_limit = number(d, memory, "limit", -1, INT64_MAX);
    r->memory_reservation = number(d, memory, "reservation", -1, INT64_MAX);
    r->memory_swap = number(d, memory, "swap", -1, INT64_MAX);
    r->memory_swappiness = number(d, memory, "swappiness", 0, 200);
    r->oom_kill_disable = decode_bool(d, memory, "disableOOMKiller", false);
    struct json_object *cpu = decode_object(d, resources, "cpu");
    r->cpu_shares = number(d, cpu, "shares", 0, INT64_MAX);
    r->cpu_quota = number(d, cpu, "quota", -1, INT64_MAX);
    r->cpu_period = number(d, cpu, "period", 0, INT64_MAX);
    r->cpu_burst = number(d, cpu, "burst", 0, INT64_MAX);
    r->cpu_idle = number(d, cpu, "idle", 0, 1);
    r->cpu_rt_period = number(d, cpu, "realtimePeriod", 0, INT64_MAX);
    r->cpu_rt_runtime = number(d, cpu, "realtimeRuntime", -1, INT64_MAX);
    r->cpus = cpu_list(d, cpu, "cpus");
    r->mems = cpu_list(d, cpu, "mems");
    r->pids = number(d, decode_object(d, resources, "pids"), "limit", -1, INT64_MAX);
    r->blkio_weight = number(d, decode_object(d, resources, "blockIO"), "weight", 0, 1000);
    decode_unified(d, r, decode_object(d, resources, "unified"));
}

void resources_free(struct resources *r)
{
    free(r->cpus);
    free(r->mems);
    for (size_t i = 0; i < r->nunified; i++) {
        free(r->unified[i].key);
        free(r->unified[i].value);
    }
    free(r->unified);
}
