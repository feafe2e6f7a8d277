/*
 * The shim and init work side by side on the parts of a container that do not need each other: while init
 * mounts, the shim makes the v1 cgroups and the network namespace. Where init comes to need one of them, it
 * waits for it here.
 */
#ifndef TD_CONTAINER_PROGRESS_H
#define TD_CONTAINER_PROGRESS_H

#include "step.h"

enum progress {
    PROGRESS_USERS = 1, /* the user namespace has its maps */
    PROGRESS_CGROUP,    /* the leaves are there, with their limits */
    PROGRESS_NETWORK,   /* the shim is in the container's network namespace */
    PROGRESS_LINKS,     /* the interfaces are there, with their addresses */
};

void progress_reach(struct steps *s, enum progress to);

/* Until the shim is there. If it fails instead, it kills the waiting process. */
void progress_wait(struct steps *s, enum progress to);

#endif
