/*
 * Role: the container's init, until the exec replaces it. Forked by the shim, which reaps it; pid 1 of the
 * new pid namespace.
 *
 *     shim                                   init
 *       │ clone3 (pid, mount, uts, ipc) ───────►│ signals, session, streams, host name
 *       │ v1 cgroups                            │ overlay, /proc, /dev; user
 *       │ network namespace                     │ joins the cgroups, makes the cgroup namespace
 *       │                                       │ joins the network; /sys, other mounts, pivot_root
 *       │◄──────────── terminal (SCM_RIGHTS) ───┤ terminal
 *       │                                       │ limits, capabilities, ids
 *       │◄──────────────── end of the pipe ─────┤ exec
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apparmor.h"
#include "capability.h"
#include "container-progress.h"
#include "device.h"
#include "mount.h"
#include "namespace.h"
#include "path.h"
#include "process-apply.h"
#include "rootfs.h"
#include "user.h"
#include "userns.h"

int init_become_leader(const struct init *i)
{
    struct steps *s = i->s;
    umask(0); /* nodes and directories are made with the modes that are asked for */
    if (process_reset_signals(s) < 0) return -1;
    if (STEP(s, "setsid", setsid(), "session") < 0) {
        step_fail(s, errno, 128, "make a session");
        return -1;
    }
    return i->bundle->process.terminal ? 0 : process_take_stdio(s, i->io);
}

/* The order is the kernel's: what the leaf is when the namespace is made, is the root that the container
 * sees. */
static int enter_cgroup(const struct init *i)
{
    progress_wait(i->s, PROGRESS_CGROUP);
    if (i->cgroup && cgroup_join(i->s, i->cgroup) < 0) return -1;
    const struct namespace_spec *ns = spec_namespace(i->bundle->spec, CLONE_NEWCGROUP);
    if (!ns || ns->path) return 0;
    if (STEP(i->s, "unshare", unshare(CLONE_NEWCGROUP), "cgroup") == 0) return 0;
    step_fail(i->s, errno, 128, "make a cgroup namespace");
    return -1;
}

/* /dev/console is the terminal itself, bound from the devpts that it was opened in. */
static int bind_console(const struct rootfs *r, int slave)
{
    int target =
        r->dev >= 0 ? path_make_file(r->dev, "/console", 0) : path_make_file(r->root, "/dev/console", 0);
    if (target < 0) return -1;
    int mnt = mount_clone(slave, "", false);
    int rc = mnt < 0 ? -1 : mount_attach(mnt, target);
    int saved = errno;
    if (mnt >= 0) close(mnt);
    close(target);
    errno = saved;
    return rc;
}

int init_make_console(const struct init *i, const struct rootfs *r, int *slave)
{
    const struct process *p = &i->bundle->process;
    int master;
    if (STEP(i->s, "openpty", device_open_terminal(r->pts, p->rows, p->cols, &master, slave), "/dev/pts") <
        0) {
        step_fail(i->s, errno, 128, "open a terminal");
        return -1;
    }
    if (STEP(i->s, "mount", bind_console(r, *slave), "console on /dev/console") < 0) {
        step_fail(i->s, errno, 128, "mount the terminal on \"/dev/console\"");
        return -1;
    }
    if (STEP(i->s, "sendmsg", device_send(i->console, master), "terminal") < 0) {
        step_fail(i->s, errno, 128, "hand over the terminal");
        return -1;
    }
    close(master);
    close(i->console);
    return 0;
}

static int open_console(const struct init *i, const struct rootfs *r)
{
    int slave;
    if (init_make_console(i, r, &slave) < 0) return -1;
    if (process_use_terminal(i->s, slave) < 0) return -1;
    close(slave);
    return process_take_terminal(i->s);
}

static int open_host_proc(struct steps *s)
{
    int fd = (int)STEP(s, "open", open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    if (fd < 0) step_fail(s, errno, 128, "open \"/proc\"");
    return fd;
}

/* What neither the cgroups nor the network have a part in. */
static int set_up_alone(const struct init *i, struct rootfs *r, struct user *user, int host_proc)
{
    const struct process *p = &i->bundle->process;
    if (init_become_leader(i) < 0 || process_set_oom_score(i->s, p, host_proc) < 0) return -1;
    if (namespace_join(i->s, i->bundle->spec, i->namespaces) < 0) return -1;
    if (namespace_set_names(i->s, i->bundle->spec) < 0 || rootfs_build_first(r) < 0) return -1;
    /* The files are found by the handle of the root, so that there is no need to be in it yet. */
    if (user_look_up(i->s, user, p, r->root, host_proc) < 0) return -1;
    if (apparmor_on_exec(i->s, p, host_proc) < 0) return -1;
    /* It takes effect at the exec alone; the sets that are in force now stay. */
    return capability_bound(i->s, p->bounding);
}

static int set_up(const struct init *i)
{
    struct steps *s = i->s;
    const struct bundle *b = i->bundle;
    struct rootfs r = {.s = s,
                       .bundle = b,
                       .spec = b->spec,
                       .cgroup = i->cgroup,
                       .root = -1,
                       .dev = -1,
                       .proc = -1,
                       .pts = -1};
    struct user user;
    /* A step that is to fail is found by its number: then nothing may run side by side. */
    if (s->fail_at >= 0) progress_wait(s, PROGRESS_LINKS);
    int host_proc = open_host_proc(s);
    if (host_proc < 0 || set_up_alone(i, &r, &user, host_proc) < 0 || enter_cgroup(i) < 0) return -1;
    progress_wait(s, PROGRESS_NETWORK);
    r.user = &user;
    r.host_proc = host_proc;
    if (namespace_follow(s, b->spec, i->shim) < 0 || rootfs_build_rest(&r) < 0) return -1;
    close(host_proc);
    progress_wait(s, PROGRESS_LINKS);
    if (namespace_sysctls(s, b->spec, r.proc) < 0 || rootfs_protect(&r) < 0) return -1;
    if (b->process.terminal && open_console(i, &r) < 0) return -1;
    if (rootfs_enter(&r) < 0 || process_drop(s, &b->process, &user, &b->filter, r.root) < 0) return -1;
    if (process_follow_parent(s, i->alive) < 0) return -1;
    process_exec(s, &b->process, user.home);
    return -1;
}

void init_run(const struct init *i)
{
    steps_actor(ACTOR_INIT);
    close(i->alive_reader);
    /* At once, for what follows may wait for the shim; after the change of ids again, and then recorded. */
    process_follow(i->alive);
    if (i->userns)
        userns_first(i);
    else
        set_up(i);
    _exit(1);
}
