/* Writes linux.resources into the files of the leaf: one table, in the order in which the kernel wants them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "path.h"
#include "spec.h"

/* Formats the value; false where there is nothing to write. */
typedef bool value_fn(const struct resources *r, char *text, size_t size);

struct limit {
    const char *controller, *file;
    value_fn *value;
    bool optional; /* a file that kernels may lack (swap accounting, schedulers); the limit is then not there
                    */
};

/* Absent and 0 both mean "not set"; Docker's API cannot tell them apart. */
static bool is_set(int64_t n)
{
    return n != RESOURCE_UNSET && n != 0;
}

static bool put(char *text, size_t size, int64_t n)
{
    snprintf(text, size, "%" PRId64, n);
    return true;
}

static bool put_or_max(char *text, size_t size, int64_t n)
{
    if (n >= 0) return put(text, size, n);
    snprintf(text, size, "max");
    return true;
}

#define PLAIN(name, field)                                                                                   \
    static bool name(const struct resources *r, char *text, size_t size)                                     \
    {                                                                                                        \
        return is_set(r->field) && put(text, size, r->field);                                                \
    }
#define PLAIN_OR_MAX(name, field)                                                                            \
    static bool name(const struct resources *r, char *text, size_t size)                                     \
    {                                                                                                        \
        return is_set(r->field) && put_or_max(text, size, r->field);                                         \
    }
#define PLAIN_OR_ZERO(name, field)                                                                           \
    static bool name(const struct resources *r, char *text, size_t size)                                     \
    {                                                                                                        \
        return r->field != RESOURCE_UNSET && put(text, size, r->field);                                      \
    }
#define TEXT(name, field)                                                                                    \
    static bool name(const struct resources *r, char *text, size_t size)                                     \
    {                                                                                                        \
        return r->field && snprintf(text, size, "%s", r->field) < (int)size;                                 \
    }

PLAIN(memory_limit, memory_limit)
PLAIN(memory_swap, memory_swap)
PLAIN(memory_reservation, memory_reservation)
PLAIN_OR_ZERO(memory_swappiness, memory_swappiness)
PLAIN(memory_tcp, memory_tcp)
PLAIN_OR_MAX(memory_max, memory_limit)
PLAIN_OR_MAX(memory_low, memory_reservation)
PLAIN(cpu_shares, cpu_shares)
PLAIN(cpu_period, cpu_period)
PLAIN(cpu_quota, cpu_quota)
PLAIN(cpu_burst, cpu_burst)
PLAIN_OR_ZERO(cpu_idle, cpu_idle)
PLAIN(cpu_rt_period, cpu_rt_period)
PLAIN(cpu_rt_runtime, cpu_rt_runtime)
PLAIN_OR_MAX(pids_max, pids)
TEXT(cpuset_cpus, cpus)
TEXT(cpuset_mems, mems)

static bool memory_oom_control(const struct resources *r, char *text, size_t size)
{
    return r->oom_kill_disable && put(text, size, 1);
}

/* v1 and the specification count memory and swap together, v2 swap alone. */
static bool memory_swap_max(const struct resources *r, char *text, size_t size)
{
    if (!is_set(r->memory_swap)) return false;
    if (r->memory_swap < 0) return put_or_max(text, size, -1);
    int64_t memory = is_set(r->memory_limit) && r->memory_limit > 0 ? r->memory_limit : 0;
    return put(text, size, r->memory_swap > memory ? r->memory_swap - memory : 0);
}

/*
 * The curve of newer container runtimes: 2 to 1, 1024 (the default) to 100 (the default), 262144 to 10000. A
 * straight line would give a container of the default shares 39, less than half of what a plain process
 * beside it has.
 */
uint64_t cgroup_weight_of_shares(uint64_t shares)
{
    if (shares <= 2) return 1;
    if (shares >= 262144) return 10000;
    double l = log2((double)shares);
    return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

static bool cpu_weight(const struct resources *r, char *text, size_t size)
{
    return is_set(r->cpu_shares) &&
           put(text, size, (int64_t)cgroup_weight_of_shares((uint64_t)r->cpu_shares));
}

static bool cpu_max(const struct resources *r, char *text, size_t size)
{
    if (!is_set(r->cpu_quota) && !is_set(r->cpu_period)) return false;
    int64_t period = is_set(r->cpu_period) ? r->cpu_period : 100000;
    if (is_set(r->cpu_quota) && r->cpu_quota > 0)
        snprintf(text, size, "%" PRId64 " %" PRId64, r->cpu_quota, period);
    else
        snprintf(text, size, "max %" PRId64, period);
    return true;
}

/* memory before memory and swap, which may not be below it; the period before the quota that is measured by
 * it. */
static const struct limit v1[] = {
    {"memory", "memory.limit_in_bytes", memory_limit, false},
    {"memory", "memory.memsw.limit_in_bytes", memory_swap, true},
    {"memory", "memory.soft_limit_in_bytes", memory_reservation, false},
    {"memory", "memory.swappiness", memory_swappiness, true},
    {"memory", "memory.kmem.tcp.limit_in_bytes", memory_tcp, true},
    {"memory", "memory.oom_control", memory_oom_control, false},
    {"cpu", "cpu.shares", cpu_shares, false},
    {"cpu", "cpu.rt_period_us", cpu_rt_period, false},
    {"cpu", "cpu.rt_runtime_us", cpu_rt_runtime, false},
    {"cpu", "cpu.cfs_period_us", cpu_period, false},
    {"cpu", "cpu.cfs_quota_us", cpu_quota, false},
    {"cpu", "cpu.cfs_burst_us", cpu_burst, true},
    {"cpu", "cpu.idle", cpu_idle, true},
    {"cpuset", "cpuset.cpus", cpuset_cpus, false},
    {"cpuset", "cpuset.mems", cpuset_mems, false},
    {"pids", "pids.max", pids_max, false},
};

static const struct limit v2[] = {
    {"memory", "memory.max", memory_max, false},
    {"memory", "memory.swap.max", memory_swap_max, true},
    {"memory", "memory.low", memory_low, false},
    {"cpu", "cpu.weight", cpu_weight, false},
    {"cpu", "cpu.max", cpu_max, false},
    {"cpu", "cpu.max.burst", cpu_burst, true},
    {"cpu", "cpu.idle", cpu_idle, true},
    {"cpuset", "cpuset.cpus", cpuset_cpus, false},
    {"cpuset", "cpuset.mems", cpuset_mems, false},
    {"pids", "pids.max", pids_max, false},
};

static int write_limit(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file,
                       const char *text, bool optional)
{
    char path[PATH_MAX];
    if (!cgroup_file(cg, h, file, path, sizeof path)) return -1;
    if (path_write(AT_FDCWD, path, text) == 0) return 0;
    return optional && (errno == ENOENT || errno == EOPNOTSUPP) ? 0 : -1;
}

int cgroup_set(struct steps *s, const struct cgroup *cg, const char *controller, const char *file,
               const char *text, bool optional)
{
    const struct cgroup_hierarchy *h = cgroup_find(cg, controller);
    if (!h && optional) return 0;
    if (!h) {
        step_fail(s, ENOENT, 128, "set %s: there is no %s controller", file, controller);
        return -1;
    }
    if (STEP(s, "cgroup-limit", write_limit(cg, h, file, text, optional), "%s %s", file, text) == 0) return 0;
    step_fail(s, errno, 128, "set %s of the cgroup to \"%s\"", file, text);
    return -1;
}

int cgroup_limit(struct steps *s, const struct cgroup *cg, const struct resources *r)
{
    const struct limit *table = cg->v2 ? v2 : v1;
    size_t n = cg->v2 ? sizeof v2 / sizeof *v2 : sizeof v1 / sizeof *v1;
    char text[4096];
    for (size_t i = 0; i < n; i++)
        if (table[i].value(r, text, sizeof text) &&
            cgroup_set(s, cg, table[i].controller, table[i].file, text, table[i].optional) < 0)
            return -1;
    for (size_t i = 0; cg->v2 && i < r->nunified; i++)
        if (cgroup_set(s, cg, "", r->unified[i].key, r->unified[i].value, false) < 0) return -1;
    return cgroup_limit_io(s, cg, r);
}
