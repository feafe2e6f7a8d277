/*
 * A container as the kernel has it. The supervisor (supervisor.c and what it drives: streams, log,
 * control connection) calls these functions and nothing else of the creating side.
 */
#ifndef TD_CONTAINER_H
#define TD_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bundle.h"
#include "resolver.h"
#include "step.h"

/* The child's ends of its three streams; -1 for the container's null device. With a terminal they do not
 * count. The callee does not close them. */
struct child_stdio {
    int in, out, err;
};

struct container {
    const struct bundle *bundle;
    pid_t pid;           /* init, in the shim's pid namespace */
    int pidfd;           /* of init; -1 before creation */
    uint64_t start_time; /* of init, field 22 of /proc/pid/stat */
    int mounts, network; /* handles of its namespaces, so that they go with the shim; -1 */
    struct resolver resolver;
    struct cgroup *cgroup; /* NULL where it has none of its own */
};

/*
 * Makes the container and returns when its process has been exec'd, or with -1 and steps->failure set
 * when a step failed; whatever had been made is then gone again. The caller owns *console (the pty's master,
 * -1 without a terminal). Blocks for the milliseconds this takes.
 */
int container_create(struct container *c, const struct bundle *b, const struct child_stdio *io,
                     struct steps *steps, int *console);

/* Runs one more process in it; *pid is a child of the caller. Errors as above; the container is unharmed. */
int container_exec(struct container *c, const struct process *p, const struct child_stdio *io,
                   struct steps *steps, pid_t *pid, int *console);

/* Sends a signal to init through its pidfd. Returns 0 or -errno. */
int container_kill(const struct container *c, int signal);

/* Whether the kernel's OOM killer has killed a process of its cgroup. */
bool container_oom_killed(const struct container *c);

/* Kills what is left and removes the cgroup. To be called once init has been reaped; safe to call twice. */
void container_destroy(struct container *c);

#endif
