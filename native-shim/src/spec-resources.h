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

struct resources {
    int64_t memory_limit, memory_reservation, memory_swap,
        memory_swappiness; /* bytes; swap includes memory */
    bool oom_kill_disable;
    int64_t cpu_shares, cpu_quota, cpu_period, cpu_burst, cpu_idle, cpu_rt_period,
        cpu_rt_runtime; /* microseconds */
    char *cpus, *mems;
    int64_t pids;
    int64_t blkio_weight;
    struct pair *unified; /* files of the unified hierarchy, as given */
    size_t nunified;
};

void resources_decode(struct decode *d, struct resources *r, struct json_object *resources);
void resources_free(struct resources *r);

#endif
