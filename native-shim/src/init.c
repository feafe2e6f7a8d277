/*
 * Role: the container's init, until the exec replaces it. Forked by the shim, which reaps it; pid 1 of the new pid namespace.
 *
 *     shim                                   init
 *       │ clone3 (pid, mount, uts, ipc, net) ──►│ signals, session, streams
 *       │                                       │ v1 cgroups, then the cgroup namespace
 *       │                                       │ host name, loopback
 *       │                                       │ mounts, pivot_root
 *       │◄──────────── terminal (SCM_RIGHTS) ───┤ user, terminal
 *       │                                       │ limits, capabilities, ids
 *       │◄──────────────── end of the pipe ─────┤ exec
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "mount.h"
#include "namespace.h"
#include "path.h"
#include "process-apply.h"
#include "rootfs.h"
#include "user.h"

static int become_leader(const struct init *i)
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

/* The order is the kernel's: what the leaf is when the namespace is made, is the root that the container sees. */
static int enter_cgroup(const struct init *i)
{
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
    int target = r->dev >= 0 ? path_make_file(r->dev, "/console", 0) : path_make_file(r->root, "/dev/console", 0);
    if (target < 0) return -1;
    int mnt = mount_clone(slave, "", false);
    int rc = mnt < 0 ? -1 : mount_attach(mnt, target);
    int saved = errno;
    if (mnt >= 0) close(mnt);
    close(target);
    errno = saved;
    return rc;
}

static int open_console(const struct init *i, const struct rootfs *r)
{
    const struct process *p = &i->bundle->process;
    int master, slave;
    if (STEP(i->s, "openpty", device_open_terminal(r->pts, p->rows, p->cols, &master, &slave), "/dev/pts") < 0) {
        step_fail(i->s, errno, 128, "open a terminal");
        return -1;
    }
    if (STEP(i->s, "mount", bind_console(r, slave), "console on /dev/console") < 0) {
        step_fail(i->s, errno, 128, "mount the terminal on \"/dev/console\"");
        return -1;
    }
    if (STEP(i->s, "sendmsg", device_send(i->console, master), "terminal") < 0) {
        step_fail(i->s, errno, 128, "hand over the terminal");
        return -1;
    }
    close(master);
    close(i->console);
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

static int set_up(const struct init *i)
{
    struct steps *s = i->s;
    const struct bundle *b = i->bundle;
    struct rootfs r = {s, b, b->spec, i->cgroup, -1, -1, -1, -1, NULL};
    struct user user;
    int host_proc = open_host_proc(s);
    if (host_proc < 0 || become_leader(i) < 0 || process_set_oom_score(s, &b->process, host_proc) < 0) return -1;
    if (enter_cgroup(i) < 0 || namespace_join(s, b->spec, i->namespaces) < 0) return -1;
    if (namespace_set_up(s, b->spec) < 0) return -1;
    if (rootfs_build(&r) < 0) return -1;
    /* By the handle of the procfs just made: what lies at /proc/sys by now is read-only. */
    if (b->spec->nsysctls && namespace_sysctls(s, b->spec, r.proc) < 0) return -1;
    if (b->process.terminal && open_console(i, &r) < 0) return -1;
    if (rootfs_enter(&r) < 0) return -1;
    if (user_look_up(s, &user, &b->process, r.root, host_proc) < 0) return -1;
    close(host_proc);
    if (process_drop(s, &b->process, &user, r.root) < 0 || process_follow_parent(s, i->alive) < 0) return -1;
    process_exec(s, &b->process, user.home);
    return -1;
}

void init_run(const struct init *i)
{
    i->s->actor = ACTOR_INIT;
    close(i->alive_reader);
    set_up(i);
    _exit(1);
}
