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

#define LIST_MAX 4096 /* more than any host has devices, and far less than hurts */

static size_t length_of(struct decode *d, struct json_object *array, const char *key)
{
    size_t n = decode_length(array);
    if (n > LIST_MAX) decode_fail(d, "too many elements in \"%s\"", key);
    return d->failed ? 0 : n;
}

static struct device_values device_values(struct decode *d, struct json_object *parent, const char *key,
                                          const char *member)
{
    struct json_object *array = decode_array(d, parent, key);
    struct device_values values = {.n = length_of(d, array, key)};
    if (values.n) values.list = decode_alloc(d, values.n, sizeof *values.list);
    if (!values.list) values.n = 0;
    for (size_t i = 0; i < values.n && !d->failed; i++) {
        struct json_object *item = decode_at(d, array, i, key);
        int64_t major = 0, minor = 0;
        decode_int(d, item, "major", 0, UINT32_MAX, &major);
        decode_int(d, item, "minor", 0, UINT32_MAX, &minor);
        decode_uint64(d, item, member, &values.list[i].value);
        values.list[i].major = (unsigned)major;
        values.list[i].minor = (unsigned)minor;
    }
    return values;
}

static unsigned device_access(struct decode *d, struct json_object *item)
{
    static const unsigned all = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD;
    char *text = decode_string(d, item, "access");
    unsigned access = text ? 0 : all;
    for (const char *p = text ? text : ""; *p; p++) {
        if (*p == 'r')
            access |= DEVICE_READ;
        else if (*p == 'w')
            access |= DEVICE_WRITE;
        else if (*p == 'm')
            access |= DEVICE_MKNOD;
        else
            decode_fail(d, "\"%.20s\" is not an access to a device", text);
    }
    if (!access) decode_fail(d, "an access to a device is empty");
    free(text);
    return access;
}

static void decode_rule(struct decode *d, struct device_rule *rule, struct json_object *item)
{
    char *type = decode_string(d, item, "type");
    *rule = (struct device_rule){.allow = decode_bool(d, item, "allow", false),
                                 .type = type ? type[0] : 'a',
                                 .major = DEVICE_ANY,
                                 .minor = DEVICE_ANY,
                                 .access = device_access(d, item)};
    if (type && (!strchr("abc", type[0]) || !type[0] || type[1]))
        decode_fail(d, "\"%.20s\" is not a type of device", type);
    free(type);
    decode_int(d, item, "major", DEVICE_ANY, UINT32_MAX, &rule->major);
    decode_int(d, item, "minor", DEVICE_ANY, UINT32_MAX, &rule->minor);
    /* The lists of v1 have no words for it, and would take it for a rule about all devices. */
    if (rule->type == 'a' && (rule->major != DEVICE_ANY || rule->minor != DEVICE_ANY))
        decode_fail(d, "a rule for devices of all types names one of them");
}

static void decode_rules(struct decode *d, struct resources *r, struct json_object *resources)
{
    struct json_object *array = decode_array(d, resources, "devices");
    size_t n = length_of(d, array, "devices");
    if (n) r->devices = decode_alloc(d, n, sizeof *r->devices);
    for (size_t i = 0; r->devices && i < n && !d->failed; i++) {
        r->ndevices = i + 1;
        decode_rule(d, &r->devices[i], decode_at(d, array, i, "devices"));
    }
}

static void decode_block_io(struct decode *d, struct resources *r, struct json_object *io)
{
    r->blkio_weight = number(d, io, "weight", 0, 1000);
    r->weight_devices = device_values(d, io, "weightDevice", "weight");
    r->read_bps = device_values(d, io, "throttleReadBpsDevice", "rate");
    r->write_bps = device_values(d, io, "throttleWriteBpsDevice", "rate");
    r->read_iops = device_values(d, io, "throttleReadIOPSDevice", "rate");
    r->write_iops = device_values(d, io, "throttleWriteIOPSDevice", "rate");
}

void resources_decode(struct decode *d, struct resources *r, struct json_object *resources)
{
    struct json_object *memory = decode_object(d, resources, "memory");
    r->memory_limit = number(d, memory, "limit", -1, INT64_MAX);
    r->memory_reservation = number(d, memory, "reservation", -1, INT64_MAX);
    r->memory_swap = number(d, memory, "swap", -1, INT64_MAX);
    r->memory_swappiness = number(d, memory, "swappiness", 0, 200);
    r->memory_tcp = number(d, memory, "kernelTCP", -1, INT64_MAX);
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
    decode_block_io(d, r, decode_object(d, resources, "blockIO"));
    decode_rules(d, r, resources);
    decode_unified(d, r, decode_object(d, resources, "unified"));
}

void resources_free(struct resources *r)
{
    free(r->cpus);
    free(r->mems);
    free(r->weight_devices.list);
    free(r->read_bps.list);
    free(r->write_bps.list);
    free(r->read_iops.list);
    free(r->write_iops.list);
    free(r->devices);
    for (size_t i = 0; i < r->nunified; i++) {
        free(r->unified[i].key);
        free(r->unified[i].value);
    }
    free(r->unified);
}
