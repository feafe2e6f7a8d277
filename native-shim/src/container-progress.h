/*
 * The shim and init work side by side on the parts of a container that do not need each other: while init
 * mounts, the shim makes the v1 cgroups and the network namespace. Where init comes to need one of them, it
 * waits for it here.
 */
#ifndef TD_CONTAINER_PROGRESS_H
#define TD_CONTAINER_PROGRESS_H

#include <stdbool.h>

#include "step.h"

enum progress {
    PROGRESS_USERS = 1, /* the user namespace has its maps */
    PROGRESS_CGROUP,    /* the leaves are there, with their limits */
    PROGRESS_NETWORK,   /* the shim is in the container's network namespace */
    PROGRESS_LINKS,     /* the interfaces are there, with their addresses */
    PROGRESS_SYSCTLS,   /* in a user namespace: those that were asked for are set */
};

void progress_reach(struct steps *s, enum progress to);

/*
 * Until somebody else is there; false where that has failed, or the process of one of the PIDFDS is about to end. The first process of
 * a pid namespace, when it ends, waits for all others there to be reaped: whoever reaps those must not wait for it alone.
 */
bool progress_wait_while(struct steps *s, enum progress to, const int pidfds[2]);

/* Until the shim is there. If it fails instead, it kills the waiting process. */
void progress_wait(struct steps *s, enum progress to);

#endif
