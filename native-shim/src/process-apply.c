#include "process-apply.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capability.h"
#include "path.h"

/*
 * By the system call, for sigaction(3) keeps two signals for itself, and posix_spawn(3) leaves just these ignored. Zeros
 * are the default disposition, however the kernel's structure is laid out.
 */
static int reset_signals(void)
{
    static const uint64_t zeros[16];
    for (int n = 1; n < _NSIG; n++)
        if (n != SIGKILL && n != SIGSTOP && syscall(SYS_rt_sigaction, n, zeros, NULL, (_NSIG - 1) / 8) < 0)
            return -1;
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int process_reset_signals(struct steps *s)
{
    if (STEP(s, "signals", reset_signals(), "default") == 0) return 0;
    step_fail(s, errno, 128, "reset signals");
    return -1;
}

int process_set_oom_score(struct steps *s, const struct process *p, int proc)
{
    char text[16];
    if (!p->has_oom_score_adj) return 0;
    snprintf(text, sizeof text, "%d", p->oom_score_adj);
    if (STEP(s, "oom_score_adj", path_write(proc, "self/oom_score_adj", text), "%s", text) == 0) return 0;
    step_fail(s, errno, 128, "set oom_score_adj to %s", text);
    return -1;
}

static int take_three(int in, int out, int err)
{
    /* First out of the way of each other: any of them may be one of 0, 1 and 2. */
    int fds[3] = {in, out, err};
    for (int i = 0; i < 3; i++) {
        fds[i] = fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (fds[i] >= 0 && fds[i] < 3) fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (fds[i] < 0) return -1;
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(fds[i], i) < 0) return -1;
        close(fds[i]);
    }
    return 0;
}

int process_take_stdio(struct steps *s, const struct child_stdio *io)
{
    if (STEP(s, "dup2", take_three(io->in, io->out, io->err), "stdio") == 0) return 0;
    step_fail(s, errno, 128, "set up the standard streams");
    return -1;
}

int process_use_terminal(struct steps *s, int slave)
{
    if (STEP(s, "dup2", take_three(slave, slave, slave), "terminal") == 0) return 0;
    step_fail(s, errno, 128, "set up the standard streams");
    return -1;
}

int process_take_terminal(struct steps *s)
{
    if (STEP(s, "ioctl", ioctl(0, TIOCSCTTY, 0), "TIOCSCTTY") == 0) return 0;
    step_fail(s, errno, 128, "take the controlling terminal");
    return -1;
}

static int set_limits(struct steps *s, const struct process *p)
{
    for (size_t i = 0; i < p->nrlimits; i++) {
        const struct rlimit_entry *r = &p->rlimits[i];
        struct rlimit limit = {.rlim_cur = r->soft, .rlim_max = r->hard};
        if (STEP(s, "setrlimit", setrlimit((__rlimit_resource_t)r->resource, &limit), "%d %llu:%llu",
                 r->resource, (unsigned long long)r->soft, (unsigned long long)r->hard) == 0)
            continue;
        step_fail(s, errno, 128, "set resource limit %d", r->resource);
        return -1;
    }
    umask(p->has_umask ? p->umask : 0022);
    return 0;
}

static bool is_null(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Where the container has no null device, the end of a pipe whose other end is closed: nothing to read,
 * nobody to write to. */
static int open_null(int root, int number)
{
    int ends[2], fd = path_open(root, "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd >= 0 && is_null(fd)) return fcntl(fd, F_SETFL, 0) < 0 ? -1 : fd;
    if (fd >= 0) close(fd);
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    close(ends[number == 0]);
    return ends[number != 0];
}

/* The host's null device must not get in: by the descriptor, the container's root could change its mode and
 * owner. */
static int change_null(int root)
{
    for (int i = 0; i < 3; i++) {
        if (!is_null(i)) continue;
        int fd = open_null(root, i);
        if (fd < 0 || dup2(fd, i) < 0) return -1;
        close(fd);
    }
    return 0;
}

/* So that a user other than root can open /dev/stdout. What is not ours to give (the null device, another's
 * file) stays. */
static int own_streams(uid_t uid)
{
    for (int fd = 0; fd < 3; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0) return -1;
        if (st.st_uid == uid || is_null(fd)) continue;
        if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS) return -1;
    }
    return 0;
}

static int enter(int root, const char *cwd)
{
    int fd = path_open(root, cwd, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) return -1;
    int rc = fchdir(fd);
    int saved = errno;
    close(fd);
    errno = saved;
    if (rc < 0) return -1;
    /* Outside of the root the kernel says "(unreachable)", and the C library ENOENT (CVE-2024-21626). */
    char path[PATH_MAX];
    return getcwd(path, sizeof path) ? 0 : -1;
}

/* 0, 1 where it is to be tried again as the user (a directory on a filesystem where root is nobody), -1. */
static int enter_directory(struct steps *s, const char *cwd, int root, bool again)
{
    if (STEP(s, "chdir", enter(root, cwd), "%s", cwd) == 0) return 0;
    if (errno == EACCES && again) return 1;
    step_fail(s, errno, errno == EACCES ? 126 : 128, "enter working directory \"%s\"", cwd);
    return -1;
}

static int set_ids(const struct user *u)
{
    /* Capabilities survive the change of ids, so that capability_apply decides what is left of them. */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -1;
    if (setgroups(u->ngids, u->gids) < 0) return -1;
    if (setresgid(u->gid, u->gid, u->gid) < 0) return -1;
    return setresuid(u->uid, u->uid, u->uid);
}

int process_drop(struct steps *s, const struct process *p, const struct user *u,
                 const struct syscall_filter *filter, int root)
{
    if (STEP(s, "dup2", change_null(root), "/dev/null for what there is no stream for") < 0) {
        step_fail(s, errno, 128, "open \"/dev/null\"");
        return -1;
    }
    if (STEP(s, "chown", own_streams(u->uid), "stdio to %u", u->uid) < 0) {
        step_fail(s, errno, 128, "give the standard streams to user %u", u->uid);
        return -1;
    }
    int again = enter_directory(s, p->cwd, root, true);
    if (again < 0) return -1;
    /* All are made so; this is for the one that a later change forgets. Before a filter that may know of no such call. */
    if (STEP(s, "close_range", close_range(3, ~0u, CLOSE_RANGE_CLOEXEC), "3-") < 0) {
        step_fail(s, errno, 128, "mark descriptors to be closed");
        return -1;
    }
    /* Without no_new_privs it takes CAP_SYS_ADMIN, which goes with the ids: what follows has to be allowed by it. */
    if (!p->no_new_privileges && syscall_filter_apply(s, filter) < 0) return -1;
    /* Last before the ids: lower ones would stop what is above, and to raise one takes CAP_SYS_RESOURCE. */
    if (set_limits(s, p) < 0) return -1;
    if (STEP(s, "setuid", set_ids(u), "%u:%u", u->uid, u->gid) < 0) {
        step_fail(s, errno, 128, "become user %u:%u", u->uid, u->gid);
        return -1;
    }
    if (capability_apply(s, p) < 0) return -1;
    if (again && enter_directory(s, p->cwd, root, false) < 0) return -1;
    if (p->no_new_privileges &&
        STEP(s, "prctl", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs") < 0) {
        step_fail(s, errno, 128, "set no_new_privs");
        return -1;
    }
    /* The change of ids made it what fs.suid_dumpable says. */
    if (STEP(s, "prctl", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable") < 0) {
        step_fail(s, errno, 128, "make the process not dumpable");
        return -1;
    }
    /*
     * With no_new_privs it comes last. Not later still: an exec becomes visible in the container next, where whoever may
     * trace it could make calls through it that the filter refuses.
     */
    return p->no_new_privileges ? syscall_filter_apply(s, filter) : 0;
}

int process_follow(int alive)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return -1;
    /* The parent may have died before. It is in another pid namespace, hence not to be asked for by its pid.
     */
    struct pollfd p = {.fd = alive, .events = 0};
    if (poll(&p, 1, 0) == 1 && p.revents & POLLERR) _exit(1);
    return 0;
}

int process_follow_parent(struct steps *s, int alive)
{
    if (STEP(s, "prctl", process_follow(alive), "parent death signal") == 0) return 0;
    step_fail(s, errno, 128, "set the parent death signal");
    return -1;
}
