#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "container-progress.h"
#include "container-wait.h"
#include "init.h"
#include "namespace.h"
#include "network.h"
#include "spec.h"
#include "userns.h"

static int find_cgroup(struct container *c, struct steps *s)
{
    const struct container_spec *spec = c->bundle->spec;
    if (!spec->cgroup_path) return 0;
    struct step *st = step_begin(s, "cgroup-find", "%s", spec->cgroup_path);
    c->cgroup = step_injected(st) ? NULL : cgroup_new(spec->cgroup_path);
    step_end(s, st, c->cgroup ? 0 : -1);
    if (c->cgroup) return 0;
    step_fail(s, errno, 128, "find the cgroup hierarchies");
    return -1;
}

/* What the fork itself needs; with v2 that is all. */
static int make_unified_cgroup(struct container *c, struct steps *s)
{
    if (!c->cgroup) return 0;
    if (cgroup_make(s, c->cgroup, true) < 0) return -1;
    return c->cgroup->v2 ? cgroup_limit(s, c->cgroup, &c->bundle->spec->resources) : 0;
}

static int make_other_cgroups(struct container *c, struct steps *s)
{
    if (!c->cgroup) return 0;
    const struct resources *r = &c->bundle->spec->resources;
    if (!c->cgroup->v2 && (cgroup_make(s, c->cgroup, false) < 0 || cgroup_limit(s, c->cgroup, r) < 0))
        return -1;
    /* Init opens no device of the container's before it has waited for this. */
    return cgroup_devices(s, c->cgroup, r);
}

/* A pid namespace given by its path is entered by the fork, and only by it. */
static int enter_pid_namespace(struct steps *s, const struct container_spec *spec, const int *fds, int *own)
{
    *own = -1;
    for (size_t i = 0; i < spec->nnamespaces; i++) {
        if (spec->namespaces[i].flag != CLONE_NEWPID || fds[i] < 0) continue;
        *own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
        if (*own >= 0 && STEP(s, "setns", setns(fds[i], CLONE_NEWPID), "%s", spec->namespaces[i].path) == 0)
            return 0;
        step_fail(s, errno, 128, "join namespace \"%s\"", spec->namespaces[i].path);
        if (*own >= 0) close(*own);
        *own = -1;
        return -1;
    }
    return 0;
}

static pid_t fork_init(struct container *c, struct init *init, struct steps *s)
{
    const struct container_spec *spec = c->bundle->spec;
    int own, unified = c->cgroup ? cgroup_unified_handle(s, c->cgroup) : -1;
    if (s->failure.set) return -1;
    if (enter_pid_namespace(s, spec, init->namespaces, &own) < 0) {
        if (unified >= 0) close(unified);
        return -1;
    }
    uint64_t flags = namespace_clone_flags(spec);
    struct step *st = step_begin(s, "clone3", "flags %#llx%s", (unsigned long long)flags,
                                 unified < 0 ? "" : " into cgroup");
    pid_t pid = step_injected(st) ? -1 : namespace_clone(flags, unified, &c->pidfd, NULL);
    if (pid == 0) init_run(init);
    step_end(s, st, pid);
    if (pid < 0) step_fail(s, errno, 128, "make the container's process");
    namespace_go_back(own, CLONE_NEWPID);
    if (unified >= 0) close(unified);
    return pid;
}

/* Its handle keeps the mounts beyond init's end, so that init does not wait at its exit for the overlay to be
 * written back. */
static int open_mounts(pid_t pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* What init waits for, in the order in which it needs it, and then what nobody waits for. */
static int work_beside(struct container *c, struct steps *s, int *own_network)
{
    if (make_other_cgroups(c, s) < 0) return -1;
    progress_reach(s, PROGRESS_CGROUP);
    struct netlink host;
    if (network_open(s, &c->bundle->network, &host) < 0) return -1;
    if (namespace_make_network(s, c->bundle->spec, own_network, &c->network) < 0) return -1;
    progress_reach(s, PROGRESS_NETWORK);
    if (c->bundle->resolver && c->network >= 0 && resolver_open(s, &c->resolver) < 0) return -1;
    if (network_make(s, &c->bundle->network, &host, c->network) < 0) return -1;
    progress_reach(s, PROGRESS_LINKS);
    return 0;
}

/* What the shim keeps of it. */
static void take_handles(struct container *c, bool apart)
{
    c->start_time = container_start_time(c->pid);
    c->mounts = apart ? -1 : open_mounts(c->pid);
    /* The parsed documents are gone; give their pages back. */
    malloc_trim(0);
}

/* The sockets of the name server, from outside: the shim is not in the container's network namespace. */
static int open_resolver_apart(struct container *c, struct steps *s)
{
    if (!c->bundle->resolver || c->network < 0) return 0;
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || STEP(s, "setns", setns(c->network, CLONE_NEWNET), "network") < 0) {
        step_fail(s, errno, 128, "enter the network namespace");
        if (own >= 0) close(own);
        return -1;
    }
    int rc = resolver_open(s, &c->resolver);
    namespace_go_back(own, CLONE_NEWNET);
    return rc;
}

/* Those with a user namespace do not share this work, for nothing of it can be done from inside (userns.h). */
static int start_apart(struct container *c, struct init *init, struct userns *u, struct steps *s)
{
    if (make_other_cgroups(c, s) < 0 || userns_start(c, init, u, s) < 0) return -1;
    /* The first process makes it; a handle that is taken before that is one of the host's. */
    if (!progress_wait_while(s, PROGRESS_NETWORK, (int[]){c->pidfd, u->builder_fd})) {
        step_fail(s, 0, 128, "the container's process ended early");
        return -1;
    }
    c->network = namespace_own_network(c->bundle->spec, c->pid);
    if (open_resolver_apart(c, s) < 0) return -1;
    if (network_make_apart(s, &c->bundle->network, c->network) < 0) return -1;
    progress_reach(s, PROGRESS_LINKS);
    return 0;
}

static int run_init(struct container *c, struct init *init, struct steps *s, const int alive[2],
                    const int sockets[2], int *console)
{
    int own_network = -1;
    bool apart = userns_wanted(c->bundle->spec);
    struct userns users = {.fd = -1, .builder_fd = -1, .tree = {-1, -1}};
    init->alive = alive[1];
    init->alive_reader = alive[0];
    init->console = sockets[1];
    int rc = 0;
    if (apart)
        rc = start_apart(c, init, &users, s);
    else
        rc = (c->pid = fork_init(c, init, s)) < 0 ? -1 : 0;
    /* Without our copies, the end of init is the end of both. */
    close(alive[1]);
    if (sockets[1] >= 0) close(sockets[1]);
    if (rc == 0 && !apart) rc = work_beside(c, s, &own_network);
    if (rc == 0) take_handles(c, apart);
    if (rc == 0 && sockets[0] >= 0) *console = container_wait_terminal(sockets[0]);
    if (rc == 0) rc = container_wait_exec(s, alive[0], c->pidfd);
    namespace_go_back(own_network, CLONE_NEWNET);
    /* It has come there only now. */
    if (rc == 0 && apart) c->mounts = open_mounts(c->pid);
    userns_end(&users, rc == 0);
    return rc;
}

static int open_self(struct steps *s)
{
    int fd = (int)STEP(s, "pidfd_open", pidfd_open(getpid(), 0), "self");
    if (fd < 0) step_fail(s, errno, 128, "open a pidfd");
    return fd;
}

static int create(struct container *c, const struct child_stdio *io, struct steps *s, int *console)
{
    const struct container_spec *spec = c->bundle->spec;
    struct init init = {.s = s, .bundle = c->bundle, .io = io};
    int namespaces[NAMESPACES_MAX], alive[2], sockets[2];
    if (container_guard(s) < 0 || find_cgroup(c, s) < 0 || make_unified_cgroup(c, s) < 0) return -1;
    if ((init.shim = open_self(s)) < 0) return -1;
    init.cgroup = c->cgroup;
    init.namespaces = namespaces;
    int rc = namespace_open(s, spec, namespaces);
    if (rc == 0) rc = container_channels(s, c->bundle->process.terminal, alive, sockets);
    if (rc == 0) {
        rc = run_init(c, &init, s, alive, sockets, console);
        close(alive[0]);
        if (sockets[0] >= 0) close(sockets[0]);
    }
    namespace_close(namespaces);
    close(init.shim);
    return rc;
}

static void close_handle(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

int container_create(struct container *c, const struct bundle *b, const struct child_stdio *io,
                     struct steps *steps, int *console)
{
    *c = (struct container){
        .bundle = b, .pid = -1, .pidfd = -1, .mounts = -1, .network = -1, .resolver = RESOLVER_NONE};
    *console = -1;
    if (create(c, io, steps, console) == 0) return 0;
    if (c->pid > 0) container_reap(c->pid, c->pidfd);
    c->pid = -1;
    if (*console >= 0) close(*console);
    *console = -1;
    container_destroy(c);
    return -1;
}

int container_kill(const struct container *c, int signal)
{
    if (c->pidfd < 0) return -ESRCH;
    return pidfd_send_signal(c->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

bool container_oom_killed(const struct container *c)
{
    return c->cgroup && cgroup_oom_kills(c->cgroup) > 0;
}

void container_destroy(struct container *c)
{
    close_handle(&c->pidfd);
    if (c->cgroup) cgroup_remove(c->cgroup);
    cgroup_free(c->cgroup);
    c->cgroup = NULL;
    close_handle(&c->mounts);
    resolver_close(&c->resolver); /* it has connections, which are counted */
    if (c->network >= 0) network_cut(&c->bundle->network, c->network);
    close_handle(&c->network);
}
