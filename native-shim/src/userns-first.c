/* Role: the first process of a container with a user namespace, born in it (userns.h). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "apparmor.h"
#include "capability.h"
#include "container-progress.h"
#include "device.h"
#include "namespace.h"
#include "process-apply.h"
#include "user.h"
#include "userns.h"

static int check(struct steps *s, long rc, const char *what)
{
    if (rc < 0) step_fail(s, errno, 128, "%s", what);
    return rc < 0 ? -1 : 0;
}

/* Every namespace as it is to be, before the builder looks at them. */
static int complete_namespaces(const struct init *i)
{
    struct steps *s = i->s;
    const struct container_spec *spec = i->bundle->spec;
    int flags = 0;
    for (size_t n = 0; n < spec->nnamespaces; n++)
        if (!spec->namespaces[n].path)
            flags |= spec->namespaces[n].flag & (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP);
    if (namespace_join(s, spec, i->namespaces) < 0) return -1;
    if (check(s, STEP(s, "unshare", unshare(flags), "flags %#x", (unsigned)flags), "make namespaces") < 0)
        return -1;
    if (flags & CLONE_NEWNET &&
        check(s, STEP(s, "loopback", namespace_loopback_up(), "lo"), "bring up the loopback device") < 0)
        return -1;
    return namespace_set_names(s, spec);
}

static int receive(struct steps *s, int socket, const char *what)
{
    int fd = (int)STEP(s, "recvmsg", device_receive(socket), "%s", what);
    if (fd >= 0) return fd;
    /* Where its end is closed, the builder has said why. */
    if (errno == EPIPE)
        step_fail(s, 0, 128, "the process that builds the root ended early");
    else
        step_fail(s, errno, 128, "receive the %s", what);
    return fd;
}

/* The working directory and the root are those of the namespace afterwards. Gives a handle of the root. */
static int enter_mounts(struct steps *s, int mounts)
{
    if (check(s, STEP(s, "setns", setns(mounts, CLONE_NEWNS), "mount"), "join the mount namespace") < 0)
        return -1;
    close(mounts);
    int root = (int)STEP(s, "open", open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
    return check(s, root, "open the container's root") < 0 ? -1 : root;
}

static int take_terminal(struct steps *s, int socket)
{
    int slave = receive(s, socket, "terminal");
    if (slave < 0 || process_use_terminal(s, slave) < 0) return -1;
    close(slave);
    return process_take_terminal(s);
}

int userns_first(const struct init *i)
{
    struct steps *s = i->s;
    const struct process *p = &i->bundle->process;
    struct user user;
    close(i->userns->tree[0]);
    progress_wait(s, PROGRESS_USERS);
    if (check(s, STEP(s, "setuid", userns_become_root(), "0:0"), "become root of the user namespace") < 0)
        return -1;
    process_follow(i->alive); /* the change of ids has cleared it */
    int proc = (int)STEP(s, "open", open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
    if (check(s, proc, "open \"/proc\"") < 0) return -1;
    if (init_become_leader(i) < 0 || complete_namespaces(i) < 0) return -1;
    progress_reach(s, PROGRESS_NETWORK);
    progress_wait(s, PROGRESS_LINKS);
    /* By who is root there; through the host's procfs, which shows everyone their own. */
    if (namespace_sysctls(s, i->bundle->spec, proc) < 0) return -1;
    progress_reach(s, PROGRESS_SYSCTLS);
    int mounts = receive(s, i->userns->tree[1], "mounts");
    int root = mounts < 0 ? -1 : enter_mounts(s, mounts);
    if (root < 0) return -1;
    if (user_look_up(s, &user, p, root, proc) < 0 || capability_bound(s, p->bounding) < 0) return -1;
    if (apparmor_on_exec(s, p, proc) < 0) return -1;
    if (p->terminal && take_terminal(s, i->userns->tree[1]) < 0) return -1;
    close(proc);
    if (process_drop(s, p, &user, &i->bundle->filter, root) < 0) return -1;
    if (process_follow_parent(s, i->alive) < 0) return -1;
    process_exec(s, p, user.home);
    return -1;
}
