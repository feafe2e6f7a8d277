/*
 * Tells when the kernel runs out of memory in the container's cgroup, whoever its victim is. v1 has an
 * eventfd for it (memory.oom_control), v2 a file that changes (memory.events).
 */
#ifndef TD_OOM_H
#define TD_OOM_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "loop.h"

struct oom {
    struct source source; /* -1 where nothing is watched */
    const struct cgroup *cgroup;
    uint64_t kills; /* v2: those that have been told of */
};

/*
 * Begins to watch; `ready` is called in the loop's rounds and has to call oom_happened. What the kernel
 * lacks is left out: the end of the container tells of a kill as well.
 */
void oom_watch(struct oom *oom, struct loop *loop, const struct cgroup *cgroup,
               void (*ready)(struct source *source, uint32_t events));

/* Whether it has happened since the last call. */
bool oom_happened(struct oom *oom);

void oom_close(struct oom *oom, struct loop *loop);

#endif
