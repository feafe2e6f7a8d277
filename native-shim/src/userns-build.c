#include "userns-build.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container-progress.h"
#include "device.h"
#include "namespace.h"
#include "process-apply.h"
#include "rootfs.h"
#include "user.h"

static int check(struct steps *s, long rc, const char *what)
{
    if (rc < 0) step_fail(s, errno, 128, "%s", what);
    return rc < 0 ? -1 : 0;
}

/* All that is permitted, again: the change of the effective id has taken it. */
static int regain_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) data[i].effective = data[i].permitted;
    return (int)syscall(SYS_capset, &header, data);
}

/*
 * The ids that files are made with. An overlay that is mounted so also works with them beneath, where through a map of the layers those
 * of the host's root could not be stored (EOVERFLOW).
 */
static int act_as_root_of(const struct userns *u)
{
    if (setresgid(-1, u->gid, -1) < 0 || setresuid(-1, u->uid, -1) < 0) return -1;
    return regain_capabilities();
}

static int join(const struct init *i, int first)
{
    const struct container_spec *spec = i->bundle->spec;
    int flags = spec_namespaces(spec) & (CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP);
    if (!flags) return 0;
    return check(i->s, STEP(i->s, "setns", setns(first, flags), "flags %#x", (unsigned)flags),
                 "join the container's namespaces");
}

/*
 * A copy of the mounts that belongs to the user namespace. The kernel makes it one of a lesser owner (mount_namespaces(7),
 * "restrictions"): what is read-only, masked, nodev or noexec stays so whatever the container's root may do, and what is shared
 * with the host follows it and is not followed.
 */
static int enter_copy(struct steps *s, const struct userns *u, int proc)
{
    if (check(s, STEP(s, "setns", setns(u->fd, CLONE_NEWUSER), "user"), "join the user namespace") < 0 ||
        check(s, STEP(s, "unshare", unshare(CLONE_NEWNS), "mount"), "make a mount namespace") < 0)
        return -1;
    int fd = (int)STEP(s, "open", openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC), "mount namespace");
    return check(s, fd, "open the mount namespace") < 0 ? -1 : fd;
}

static int hand_over(const struct init *i, const struct userns *u, int mounts, int slave)
{
    struct steps *s = i->s;
    if (check(s, STEP(s, "sendmsg", device_send(u->tree[0], mounts), "mounts"), "hand over the mounts") < 0)
        return -1;
    if (slave < 0) return 0;
    return check(s, STEP(s, "sendmsg", device_send(u->tree[0], slave), "terminal"), "hand over the terminal");
}

static int build(const struct init *i, const struct userns *u, int first)
{
    struct steps *s = i->s;
    const struct bundle *b = i->bundle;
    struct user user;
    int slave = -1;
    int proc = (int)STEP(s, "open", open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    if (check(s, proc, "open \"/proc\"") < 0 || process_reset_signals(s) < 0 || join(i, first) < 0) return -1;
    if (check(s, STEP(s, "setuid", act_as_root_of(u), "as %u:%u", u->uid, u->gid),
              "become the container's root") < 0)
        return -1;
    struct rootfs r = {.s = s,
                       .bundle = b,
                       .spec = b->spec,
                       .cgroup = i->cgroup,
                       .userns = u,
                       .user = &user,
                       .host_proc = proc,
                       .root = -1,
                       .dev = -1,
                       .proc = -1,
                       .pts = -1};
    if (rootfs_build_first(&r) < 0) return -1;
    if (user_look_up(s, &user, &b->process, r.root, proc) < 0 || rootfs_build_rest(&r) < 0) return -1;
    if (rootfs_protect(&r) < 0) return -1;
    if (b->process.terminal && init_make_console(i, &r, &slave) < 0) return -1;
    if (rootfs_enter(&r) < 0) return -1;
    int mounts = enter_copy(s, u, proc);
    return mounts < 0 ? -1 : hand_over(i, u, mounts, slave);
}

void userns_build(const struct init *i, const struct userns *u, int first)
{
    steps_actor(ACTOR_INIT);
    close(i->alive_reader);
    close(u->tree[1]);
    process_follow(i->alive);
    /* Only the first process holds it: its end is that process's. */
    close(i->alive);
    umask(0);
    /* Where a step is to fail by its number, nothing may run beside this. */
    progress_wait(i->s, i->s->fail_at >= 0 ? PROGRESS_SYSCTLS : PROGRESS_NETWORK);
    _exit(build(i, u, first) < 0 ? 1 : 0);
}
