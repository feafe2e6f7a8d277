/* linux.resources of config.json. */
#ifndef TD_SPEC_RESOURCES_H
#define TD_SPEC_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct decode;
struct pair;

/* Numbers that are absent are RESOURCE_UNSET; -1 is the specification's own "no limit". */
#define RESOURCE_UNSET INT64_MIN

/* A number that belongs to a block device: a weight, bytes or operations a second. */
struct device_value {
    unsigned major, minor;
    uint64_t value;
};

struct device_values {
    struct device_value *list;
    size_t n;
};

enum device_access { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4 };

#define DEVICE_ANY (-1)

/* A rule of linux.resources.devices. The last one that fits an access decides; without any it is allowed. */
struct device_rule {
    bool allow;
    char type; /* 'b', 'c', or 'a' for both */
    int64_t major, minor;
    unsigned access; /* enum device_access */
};

struct resources {
    int64_t memory_limit, memory_reservation, memory_swap,
        memory_swappiness; /* bytes; swap includes memory */
    int64_t memory_tcp;    /* bytes of TCP buffers, v1 */
    bool oom_kill_disable;
    int64_t cpu_shares, cpu_quota, cpu_period, cpu_burst, cpu_idle, cpu_rt_period,
        cpu_rt_runtime; /* microseconds */
    char *cpus, *mems;
    int64_t pids;
    int64_t blkio_weight;
    struct device_values weight_devices, read_bps, write_bps, read_iops, write_iops;
    struct device_rule *devices;
    size_t ndevices;
    struct pair *unified; /* files of the unified hierarchy, as given */
    size_t nunified;
};

void resources_decode(struct decode *d, struct resources *r, struct json_object *resources);
void resources_free(struct resources *r);

#endif
