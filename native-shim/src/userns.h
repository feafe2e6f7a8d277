/*
 * Containers with a user namespace: their root is nobody on the host.
 *
 * What belongs to the container's user namespace (processes and all other namespaces) has to be made by who is in it, and who is in
 * it has lost every privilege outside; but layers with mapped ids, device nodes and files of the host take the host's root. Hence
 * two processes beside the shim, neither of which is ever both:
 *
 *     shim                      first, in the user namespace         builder, with the host's root
 *       │ all cgroups             │                                    │
 *       ├─ clone3 ─► in between: joins cgroups, and namespaces of others that only a fork enters
 *       │            ├─ clone3 (PARENT, NEW*) ─►│                      │
 *       │ maps; opens namespace   │ waits                              │
 *       ├─ clone3 (NEWNS, in the container's pid namespace) ──────────►│ waits
 *       ├─ "mapped" ─────────────►│ becomes root inside; lo; cgroup    │
 *       │                         │ namespace; sysctls                 │
 *       │                         ├─ "network" ───────────────────────►│ joins uts, ipc, network, cgroup
 *       │                         │                                    │ all of rootfs.c, in a mount namespace
 *       │                         │                                    │ of the host's root; pivot_root
 *       │                         │                                    │ a copy of that one, from inside the
 *       │                         │◄── the copy, by handle ────────────┤ user namespace; ends
 *       │                         │ joins it                           │
 *       │                         │ limits, ids, capabilities          │
 *       │◄─── end of the pipe ────┤ exec                               │
 *
 * The builder works as the container's root does: its effective ids are those which that root has on the host, so that what it makes
 * is the container's own. Its real ids stay the host's, whose processes nobody inside may signal or trace.
 */
#ifndef TD_USERNS_H
#define TD_USERNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "container.h"
#include "init.h"
#include "spec.h"
#include "step.h"

struct userns {
    int fd;    /* handle of the namespace */
    uid_t uid; /* root of the container, as the host has it */
    gid_t gid;
    int tree[2];    /* sockets for what the builder hands over: its own end, and that of the first process */
    pid_t builder;  /* 0 before */
    int builder_fd; /* its pidfd */
};

static inline bool userns_wanted(const struct container_spec *spec)
{
    return spec->uids.n > 0;
}

/*
 * The first process, in a user namespace with its maps, and the builder. The cgroups are all there. 0 with c->pid and c->pidfd, or -1 with
 * s->failure; then what there is of them is for userns_end and the caller to end.
 */
int userns_start(struct container *c, struct init *init, struct userns *u, struct steps *s);

/* Waits for the builder, or ends it. */
void userns_end(struct userns *u, bool done);

/* The first process's side, in place of init_run's. Returns -1 on failure. */
int userns_first(const struct init *init);

/* Makes the calling process, which has joined the namespace, its root. 0, or -1 with errno. */
int userns_become_root(void);

/* So that the process can open its own streams again. 0, or -1 with errno. */
int userns_give_streams(const struct container_spec *spec, const struct child_stdio *io);

/* Raises hard limits of the process PID (0: the caller) where that takes a privilege of the host. 0, or -1 with errno. */
int userns_raise_limits(pid_t pid, const struct process *p);

#endif
