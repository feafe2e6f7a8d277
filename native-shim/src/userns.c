#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "container-progress.h"
#include "container-wait.h"
#include "namespace.h"
#include "path.h"
#include "userns-build.h"

int userns_become_root(void)
{
    return setresgid(0, 0, 0) < 0 ? -1 : setresuid(0, 0, 0);
}

static int give_pipe(int fd, uid_t uid, gid_t gid)
{
    struct stat st;
    if (fd < 0) return 0;
    if (fstat(fd, &st) < 0) return -1;
    return S_ISFIFO(st.st_mode) ? fchown(fd, uid, gid) : 0;
}

int userns_give_streams(const struct container_spec *spec, const struct child_stdio *io)
{
    uint32_t uid = 0, gid = 0;
    if (!userns_wanted(spec)) return 0;
    if (!idmap_outside(&spec->uids, 0, &uid) || !idmap_outside(&spec->gids, 0, &gid)) return -1;
    const int fds[] = {io->in, io->out, io->err};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (give_pipe(fds[i], uid, gid) < 0) return -1;
    return 0;
}

int userns_raise_limits(pid_t pid, const struct process *p)
{
    for (size_t i = 0; i < p->nrlimits; i++) {
        const struct rlimit_entry *r = &p->rlimits[i];
        struct rlimit limit;
        if (prlimit(pid, (__rlimit_resource_t)r->resource, NULL, &limit) < 0) return -1;
        if (r->hard <= limit.rlim_max) continue;
        limit.rlim_max = r->hard;
        if (prlimit(pid, (__rlimit_resource_t)r->resource, &limit, NULL) < 0) return -1;
    }
    return 0;
}

/* Those that only who is in them gives to its children: joined before the fork. */
static int join_before_fork(const struct init *i)
{
    static const int flags[] = {CLONE_NEWUSER, CLONE_NEWPID};
    const struct container_spec *spec = i->bundle->spec;
    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
        for (size_t n = 0; n < spec->nnamespaces; n++) {
            const struct namespace_spec *ns = &spec->namespaces[n];
            if (ns->flag != flags[f] || i->namespaces[n] < 0) continue;
            if (STEP(i->s, "setns", setns(i->namespaces[n], ns->flag), "%s", ns->path) == 0) continue;
            step_fail(i->s, errno, 128, "join namespace \"%s\"", ns->path);
            return -1;
        }
    return 0;
}

/*
 * Role: makes the first process, and ends. It joins the v1 cgroups by itself, which takes a tenth of the time that it takes to be put
 * there, and what it forks is born in them; and it is what enters the user namespace of another container.
 */
static int run_between(const struct init *i)
{
    struct steps *s = i->s;
    const struct container_spec *spec = i->bundle->spec;
    if (i->cgroup && cgroup_join(s, i->cgroup) < 0) return -1;
    if (join_before_fork(i) < 0) return -1;
    /* That of ipc is made by who is root in it already, whose the directory of message queues then is; mounts are the builder's. */
    uint64_t flags = (namespace_clone_flags(spec) & ~(uint64_t)(CLONE_NEWIPC | CLONE_NEWNS)) | CLONE_PARENT;
    struct step *st = step_begin(s, "clone3", "flags %#llx", (unsigned long long)flags);
    pid_t pid = step_injected(st) ? -1 : namespace_clone(flags, -1, NULL, &s->child);
    if (pid == 0) init_run(i);
    step_end(s, st, pid);
    if (pid >= 0) return 0;
    step_fail(s, errno, 128, "make the container's process%s",
              errno == ENOSPC ? ": too many user namespaces (user.max_user_namespaces)" : "");
    return -1;
}

static int fork_first(struct container *c, const struct init *init, struct steps *s)
{
    int between_fd, unified = c->cgroup ? cgroup_unified_handle(s, c->cgroup) : -1;
    if (s->failure.set) return -1;
    s->child = 0;
    struct step *st = step_begin(s, "clone3", "%s", unified < 0 ? "" : "into cgroup");
    pid_t between = step_injected(st) ? -1 : namespace_clone(0, unified, &between_fd, NULL);
    if (between == 0) {
        steps_actor(ACTOR_INIT);
        _exit(run_between(init) < 0 ? 1 : 0);
    }
    step_end(s, st, between);
    if (between < 0) step_fail(s, errno, 128, "make the container's process");
    if (unified >= 0) close(unified);
    if (between < 0) return -1;
    container_wait(between);
    close(between_fd);
    /* Written by the kernel before the process runs, in the numbers of the shim's own pid namespace. */
    if (s->child <= 0) {
        step_fail(s, 0, 128, "the container's process ended before it ran");
        return -1;
    }
    c->pid = s->child;
    c->pidfd = (int)STEP(s, "pidfd_open", pidfd_open(c->pid, 0), "init");
    if (c->pidfd >= 0) return 0;
    step_fail(s, errno, 128, "open a pidfd");
    return -1;
}

/*
 * With a limit of one process there is no room for the one between, which counts beside the first as long as it lives. Until it has
 * ended two may be there: the first one runs nothing of the container's before that.
 */
static int fork_first_alone(struct container *c, const struct init *init, struct steps *s)
{
    if (!c->cgroup || c->bundle->spec->resources.pids != 1) return fork_first(c, init, s);
    if (cgroup_set(s, c->cgroup, "pids", "pids.max", "2", false) < 0 || fork_first(c, init, s) < 0) return -1;
    return cgroup_set(s, c->cgroup, "pids", "pids.max", "1", false);
}

static int set_oom_score(int proc, pid_t pid, const struct process *p)
{
    char path[40], text[16];
    snprintf(path, sizeof path, "%d/oom_score_adj", (int)pid);
    snprintf(text, sizeof text, "%d", p->oom_score_adj);
    return path_write(proc, path, text);
}

/* What takes the host's privileges, and is done to the first process from outside. */
static int prepare_first(const struct container *c, struct userns *u, struct steps *s, int proc)
{
    const struct container_spec *spec = c->bundle->spec;
    const struct process *p = &c->bundle->process;
    const struct namespace_spec *ns = spec_namespace(spec, CLONE_NEWUSER);
    char path[40];
    if (!ns->path && STEP(s, "idmap", idmap_write(proc, c->pid, &spec->uids, &spec->gids), "%u+%u",
                          spec->uids.ranges[0].outside, spec->uids.ranges[0].size) < 0) {
        step_fail(s, errno, 128, "map the ids of the user namespace");
        return -1;
    }
    snprintf(path, sizeof path, "%d/ns/user", (int)c->pid);
    u->fd = (int)STEP(s, "open", openat(proc, path, O_RDONLY | O_CLOEXEC), "user namespace");
    if (u->fd < 0) {
        step_fail(s, errno, 128, "open the user namespace");
        return -1;
    }
    if (p->has_oom_score_adj &&
        STEP(s, "oom_score_adj", set_oom_score(proc, c->pid, p), "%d", p->oom_score_adj) < 0) {
        step_fail(s, errno, 128, "set oom_score_adj to %d", p->oom_score_adj);
        return -1;
    }
    if (!p->nrlimits || STEP(s, "setrlimit", userns_raise_limits(c->pid, p), "raise") == 0) return 0;
    step_fail(s, errno, 128, "raise resource limits");
    return -1;
}

/* The builder is in the container's pid namespace, since a procfs shows that of who mounts it. */
static int enter_pids(struct steps *s, const struct container *c, int proc, int *own)
{
    char path[40];
    *own = -1;
    if (!spec_namespace(c->bundle->spec, CLONE_NEWPID)) return 0;
    snprintf(path, sizeof path, "%d/ns/pid", (int)c->pid);
    int there = openat(proc, path, O_RDONLY | O_CLOEXEC);
    *own = openat(proc, "self/ns/pid", O_RDONLY | O_CLOEXEC);
    int rc = there < 0 || *own < 0 ? -1 : (int)STEP(s, "setns", setns(there, CLONE_NEWPID), "pid");
    int saved = errno;
    if (there >= 0) close(there);
    if (rc == 0) return 0;
    if (*own >= 0) close(*own);
    *own = -1;
    step_fail(s, saved, 128, "join the container's pid namespace");
    return -1;
}

static int fork_builder(const struct container *c, const struct init *init, struct userns *u, struct steps *s,
                        int proc)
{
    int own;
    if (enter_pids(s, c, proc, &own) < 0) return -1;
    struct step *st = step_begin(s, "clone3", "to build the root");
    pid_t pid = step_injected(st) ? -1 : namespace_clone(CLONE_NEWNS, -1, &u->builder_fd, NULL);
    if (pid == 0) userns_build(init, u, c->pidfd);
    step_end(s, st, pid);
    if (pid < 0) step_fail(s, errno, 128, "make the process that builds the root");
    namespace_go_back(own, CLONE_NEWPID);
    if (pid < 0) return -1;
    u->builder = pid;
    return 0;
}

static int open_channel(struct userns *u, struct steps *s)
{
    if (STEP(s, "socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, u->tree), "tree") == 0)
        return 0;
    u->tree[0] = u->tree[1] = -1;
    step_fail(s, errno, 128, "make a socket pair");
    return -1;
}

static void close_both(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0) close(fds[i]);
        fds[i] = -1;
    }
}

int userns_start(struct container *c, struct init *init, struct userns *u, struct steps *s)
{
    const struct container_spec *spec = c->bundle->spec;
    *u = (struct userns){.fd = -1, .tree = {-1, -1}, .builder_fd = -1};
    init->userns = u;
    namespace_drop_spare();
    if (!idmap_outside(&spec->uids, 0, &u->uid) || !idmap_outside(&spec->gids, 0, &u->gid)) return -1;
    if (STEP(s, "chown", userns_give_streams(spec, init->io), "streams to %u", u->uid) < 0) {
        step_fail(s, errno, 128, "give the standard streams to user %u", u->uid);
        return -1;
    }
    if (open_channel(u, s) < 0 || fork_first_alone(c, init, s) < 0) return -1;
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = proc < 0 || prepare_first(c, u, s, proc) < 0 ? -1 : fork_builder(c, init, u, s, proc);
    if (proc >= 0) close(proc);
    /* Without our copies, the end of one is seen by the other. */
    close_both(u->tree);
    if (rc == 0) progress_reach(s, PROGRESS_USERS);
    return rc;
}

void userns_end(struct userns *u, bool done)
{
    if (u->builder > 0 && done) container_wait(u->builder);
    if (u->builder > 0 && !done) container_reap(u->builder, u->builder_fd);
    u->builder = 0;
    if (u->builder_fd >= 0) close(u->builder_fd);
    if (u->fd >= 0) close(u->fd);
    u->fd = u->builder_fd = -1;
    close_both(u->tree);
}
