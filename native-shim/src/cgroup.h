/*
 * The container's cgroup: one leaf of the same path in every hierarchy there is, on cgroup v1, on the hybrid
 * of v1 and an empty unified hierarchy, and on v2.
 */
#ifndef TD_CGROUP_H
#define TD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec-resources.h"
#include "step.h"

#define CGROUP_HIERARCHIES_MAX 24

struct cgroup_hierarchy {
    char *mount;       /* where the host has it */
    char *controllers; /* "cpu,cpuacct" or "name=systemd"; "" for the unified one */
    bool unified;
};

struct cgroup {
    bool v2; /* the unified hierarchy has the controllers */
    size_t n;
    struct cgroup_hierarchy list[CGROUP_HIERARCHIES_MAX];
    char *path; /* below each */
};

/* Finds the hierarchies; what is forked from a process that has done so need not. 0, or -1 with errno. */
int cgroup_read_host(void);

/* A cgroup by its path. NULL with errno. cgroup_free frees; it removes nothing. */
struct cgroup *cgroup_new(const char *path);
void cgroup_free(struct cgroup *cg);

/*
 * Makes the leaf of the unified hierarchy, or those of all others, with their parents where missing; afresh
 * where one is left over and empty. 0, or -1 with s->failure.
 */
int cgroup_make(struct steps *s, const struct cgroup *cg, bool unified);

/* Writes the limits (cgroup-limits.c), those of block devices too (cgroup-io.c). */
int cgroup_limit(struct steps *s, const struct cgroup *cg, const struct resources *r);

/*
 * Writes one of them. OPTIONAL: a file that kernels may lack; without it the limit is left out. 0, or -1 with
 * s->failure.
 */
int cgroup_set(struct steps *s, const struct cgroup *cg, const char *controller, const char *file,
               const char *text, bool optional);
int cgroup_limit_io(struct steps *s, const struct cgroup *cg, const struct resources *r);

/* What devices its processes may open and make (cgroup-devices.c). 0, or -1 with s->failure. */
int cgroup_devices(struct steps *s, const struct cgroup *cg, const struct resources *r);

/* A handle of the unified leaf for CLONE_INTO_CGROUP; -1 without one, or with s->failure set. */
int cgroup_unified_handle(struct steps *s, const struct cgroup *cg);

/*
 * Puts the calling process, which must have one thread, into the v1 leaves. To be called before
 * unshare(CLONE_NEWCGROUP), so that the leaf becomes the root of what the container sees.
 */
int cgroup_join(struct steps *s, const struct cgroup *cg);

/* Kills every process in it. To be called again until it is empty: a v1 kill can race with a fork. */
void cgroup_kill(const struct cgroup *cg);

/* Kills what is left and removes the leaves. 0, or -errno after two seconds of trying. */
int cgroup_remove(const struct cgroup *cg);

/* How many processes the OOM killer has killed in it. */
uint64_t cgroup_oom_kills(const struct cgroup *cg);

/* "<mount><path>/<file>" of the hierarchy into BUFFER. False where it does not fit. */
bool cgroup_file(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, char *buffer,
                 size_t size);

/* The hierarchy of a controller; NULL where the kernel or the host does not have it. */
const struct cgroup_hierarchy *cgroup_find(const struct cgroup *cg, const char *controller);

/* The name of the directory that stands for a hierarchy under /sys/fs/cgroup, e.g. "cpu,cpuacct". */
const char *cgroup_mount_name(const struct cgroup_hierarchy *h);

/* cpu.shares (2..262144) as cpu.weight (1..10000), and blkio weight (10..1000) as io.weight. */
uint64_t cgroup_weight_of_shares(uint64_t shares);
uint64_t cgroup_io_weight_of_blkio(uint64_t weight);

#endif
