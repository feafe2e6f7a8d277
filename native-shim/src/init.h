/*
 * The child's side of container_create: from the fork to the exec of the container's first process.
 */
#ifndef TD_INIT_H
#define TD_INIT_H

#include "bundle.h"
#include "cgroup.h"
#include "container.h"
#include "spec.h"
#include "step.h"

struct rootfs;
struct userns;

struct init {
    struct steps *s;
    const struct bundle *bundle;
    const struct cgroup *cgroup; /* or NULL */
    const struct child_stdio *io;
    const int *namespaces;       /* handles of those to join */
    int alive;                   /* write end of the pipe that exec closes */
    int alive_reader;            /* the shim's end: closed here, so that its death is seen */
    int shim;                    /* pidfd of the shim, which will be in the container's network namespace */
    const struct userns *userns; /* NULL without a user namespace */
    int console;                 /* socket for the pty's master, or -1 */
};

/* Never returns. A failure is in the steps, and the pipe's end tells the shim to look. */
void init_run(const struct init *init) __attribute__((noreturn));

/* Parts of it. Signals, session, streams; the terminal, whose master goes to the shim. 0, or -1 with s->failure. */
int init_become_leader(const struct init *i);
int init_make_console(const struct init *i, const struct rootfs *r, int *slave);

#endif
