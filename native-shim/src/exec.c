/*
 * One more process in a running container, in two stages:
 *
 *     shim                     stage one                            stage two
 *       │ clone3 (into cgroup) ──►│ v1 cgroups, all namespaces          │
 *       │                         │ user, terminal, streams             │
 *       │◄──────── terminal ──────┤ limits, capabilities, ids           │
 *       │                         ├── clone3 (PARENT) ─────────────────►│ session, terminal
 *       │   its pid in the steps  │ _exit                               │
 *       │◄────────────────────────────────────── end of the pipe ───────┤ exec
 *
 * Stage one is not in the container's pid namespace (setns(2) puts only children there), so that nobody
 * inside can see it. Stage two is visible, and whoever has CAP_SYS_PTRACE in the container may stop it at any
 * instruction; hence it starts with nothing that the program it becomes would not have: its ids, its
 * capabilities, its streams and one end of a pipe (CVE-2016-9962). It is a child of the shim, which reaps
 * both.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apparmor.h"
#include "capability.h"
#include "cgroup.h"
#include "container-wait.h"
#include "container.h"
#include "device.h"
#include "namespace.h"
#include "path.h"
#include "process-apply.h"
#include "spec.h"
#include "userns.h"

struct stage {
    struct steps *s;
    const struct container *c;
    const struct process *p;
    const struct child_stdio *io;
    int alive, alive_reader, console;
};

static int check(struct steps *s, long rc, const char *message)
{
    if (rc < 0) step_fail(s, errno, 128, "%s", message);
    return (int)rc;
}

/* What has to be done from outside, while the host's /proc and cgroups are in sight. */
static int before_joining(const struct stage *g, int *proc)
{
    struct steps *s = g->s;
    umask(0);
    *proc = (int)STEP(s, "open", open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    if (check(s, *proc, "open \"/proc\"") < 0) return -1;
    if (process_reset_signals(s) < 0 || process_set_oom_score(s, g->p, *proc) < 0) return -1;
    if (apparmor_on_exec(s, g->p, *proc) < 0) return -1;
    if (!g->p->terminal && process_take_stdio(s, g->io) < 0) return -1;
    if (userns_wanted(g->c->bundle->spec) &&
        check(s, STEP(s, "setrlimit", userns_raise_limits(0, g->p), "raise"), "raise resource limits") < 0)
        return -1;
    if (check(s, userns_give_streams(g->c->bundle->spec, g->io),
              "give the standard streams to the container") < 0)
        return -1;
    return g->c->cgroup ? cgroup_join(s, g->c->cgroup) : 0;
}

static int join(const struct stage *g)
{
    int flags = spec_namespaces(g->c->bundle->spec);
    long rc = STEP(g->s, "setns", setns(g->c->pidfd, flags), "flags %#x", (unsigned)flags);
    if (check(g->s, rc, "join the container's namespaces") < 0) return -1;
    if (!(flags & CLONE_NEWUSER)) return 0;
    rc = STEP(g->s, "setuid", userns_become_root(), "0:0");
    return check(g->s, rc, "become root of the user namespace");
}

static int open_terminal(int root, const struct process *p, int *master, int *slave)
{
    int pts = path_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
    if (pts < 0) return -1;
    int rc = device_open_terminal(pts, p->rows, p->cols, master, slave);
    int saved = errno;
    close(pts);
    errno = saved;
    return rc;
}

static int set_up_terminal(const struct stage *g, int root)
{
    int master, slave;
    if (!g->p->terminal) return 0;
    if (check(g->s, STEP(g->s, "openpty", open_terminal(root, g->p, &master, &slave), "/dev/pts"),
              "open a terminal") < 0)
        return -1;
    if (check(g->s, STEP(g->s, "sendmsg", device_send(g->console, master), "terminal"),
              "hand over the terminal") < 0)
        return -1;
    close(master);
    int rc = process_use_terminal(g->s, slave);
    close(slave);
    return rc;
}

/*
 * From here on it holds nothing of the host but the end of the pipe, as descriptor 3, and of the container its root, as 4; what
 * it forks neither. Before the filter, which may know of no such call.
 */
static int keep_only(int alive, int root)
{
    /* Out of the way of each other: either may be 3 or 4. */
    int out = fcntl(root, F_DUPFD_CLOEXEC, 5), in = fcntl(alive, F_DUPFD_CLOEXEC, 5);
    if (out < 0 || in < 0 || dup3(in, 3, O_CLOEXEC) < 0 || dup3(out, 4, O_CLOEXEC) < 0) return -1;
    return close_range(5, ~0u, 0);
}

/* Role: the process of an exec; child of the shim, in the container's pid namespace. */
static void stage_two(const struct stage *g, const struct user *u) __attribute__((noreturn));
static void stage_two(const struct stage *g, const struct user *u)
{
    if (check(g->s, STEP(g->s, "setsid", setsid(), "session"), "make a session") < 0) _exit(1);
    if (g->p->terminal && process_take_terminal(g->s) < 0) _exit(1);
    if (process_follow_parent(g->s, 3) == 0) process_exec(g->s, g->p, u->home);
    _exit(1);
}

/* The old call: filters refuse clone3(2), whose flags they cannot see. Its child's signal is that of its sibling. */
static pid_t clone_sibling(int32_t *number)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | CLONE_PARENT_SETTID, NULL, number, NULL, NULL);
}

static int fork_stage_two(const struct stage *g, const struct user *u)
{
    struct step *st = step_begin(g->s, "clone", "into the pid namespace");
    pid_t pid = step_injected(st) ? -1 : clone_sibling(&g->s->child);
    if (pid == 0) stage_two(g, u);
    step_end(g->s, st, pid);
    return check(g->s, pid, "make the process");
}

/* Role: joins and becomes; child of the shim, in the shim's pid namespace. */
static int stage_one(const struct stage *g)
{
    struct steps *s = g->s;
    struct user user;
    int proc;
    if (before_joining(g, &proc) < 0 || join(g) < 0) return -1;
    int root = (int)STEP(s, "open", open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
    if (check(s, root, "open the container's root") < 0) return -1;
    if (set_up_terminal(g, root) < 0 || user_look_up(s, &user, g->p, root, proc) < 0) return -1;
    if (check(s, STEP(s, "close_range", keep_only(g->alive, root), "5-"), "close descriptors") < 0) return -1;
    if (capability_bound(s, g->p->bounding) < 0 || process_drop(s, g->p, &user, &g->c->bundle->filter, 4) < 0)
        return -1;
    close(4);
    return fork_stage_two(g, &user);
}

static void run_stage_one(const struct stage *g) __attribute__((noreturn));
static void run_stage_one(const struct stage *g)
{
    steps_actor(ACTOR_EXEC);
    close(g->alive_reader);
    _exit(stage_one(g) < 0 ? 1 : 0);
}

static pid_t fork_stage_one(struct stage *g, int *pidfd)
{
    struct steps *s = g->s;
    int unified = g->c->cgroup ? cgroup_unified_handle(s, g->c->cgroup) : -1;
    if (s->failure.set) return -1;
    struct step *st = step_begin(s, "clone3", "%s", unified < 0 ? "" : "into cgroup");
    pid_t pid = step_injected(st) ? -1 : namespace_clone(0, unified, pidfd, NULL);
    if (pid == 0) run_stage_one(g);
    step_end(s, st, pid);
    check(s, pid, "make the process");
    if (unified >= 0) close(unified);
    return pid;
}

static int run(struct stage *g, const int alive[2], const int sockets[2], pid_t *pid, int *console)
{
    g->alive = alive[1];
    g->alive_reader = alive[0];
    g->console = sockets[1];
    int pidfd = -1;
    pid_t one = fork_stage_one(g, &pidfd);
    close(alive[1]);
    if (sockets[1] >= 0) close(sockets[1]);
    if (one < 0) return -1;
    if (sockets[0] >= 0) *console = container_wait_terminal(sockets[0]);
    int rc = container_wait_exec(g->s, alive[0], pidfd);
    if (rc < 0)
        container_reap(one, pidfd);
    else
        container_wait(one);
    close(pidfd);
    /* Written by the kernel, in the numbers of stage one's own pid namespace, which is the shim's. */
    *pid = g->s->child;
    if (rc < 0 && *pid > 0) container_reap(*pid, -1);
    return rc;
}

int container_exec(struct container *c, const struct process *p, const struct child_stdio *io,
                   struct steps *steps, pid_t *pid, int *console)
{
    struct stage g = {.s = steps, .c = c, .p = p, .io = io};
    int alive[2], sockets[2];
    *pid = *console = -1;
    steps->child = 0;
    steps->executing = false;
    if (container_guard(steps) < 0 || container_channels(steps, p->terminal, alive, sockets) < 0) return -1;
    int rc = run(&g, alive, sockets, pid, console);
    close(alive[0]);
    if (sockets[0] >= 0) close(sockets[0]);
    if (rc == 0) return 0;
    if (*console >= 0) close(*console);
    *pid = *console = -1;
    return -1;
}
