#include "td-layer/root.h"
#include "td-layer/fail.h"

#include "mount.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SAFE = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "enter the container's root: %s", what);
}

/* A copy of the mount namespace, so that what is changed here shows nowhere else. */
static void own_namespace(void)
{
    struct mount_attr private = {.propagation = MS_PRIVATE};
    check(unshare(CLONE_NEWNS), "unshare");
    check(mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof private), "make the mounts private");
}

static void make_root(const char *path)
{
    check(chdir(path), "change to the new root"); /* after the mount: a new lookup finds it */
    /* The old root is put onto the new one and detached from there (pivot_root(2), "pivot_root(".", ".")"). */
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the old root");
    check(chdir("/"), "change to the root");
}

/* From here on no device can be opened and no program run, whatever is there. */
static void make_safe(void)
{
    struct mount_attr safe = {.attr_set = SAFE};
    check(mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &safe, sizeof safe), "forbid devices and programs");
}

/*
 * In the container's user namespace this process has its ids and no power over anything else; EINVAL is the kernel's word for the one
 * that it is in already. First, for the mount namespace belongs to it.
 */
static void join_users(int pidfd)
{
    int result = setns(pidfd, CLONE_NEWUSER);
    if (result < 0 && errno == EINVAL) return;
    if (result < 0 && errno == ESRCH) fail(FAIL_GONE, "the container has ended");
    check(result, "join the user namespace");
    check(setresgid(0, 0, 0), "become root of the user namespace");
    check(setresuid(0, 0, 0), "become root of the user namespace");
}

static void join(int pidfd)
{
    join_users(pidfd);
    /* After this the root is that of the namespace, on which the container's processes stand. */
    int result = setns(pidfd, CLONE_NEWNS);
    if (result < 0 && errno == ESRCH) fail(FAIL_GONE, "the container has ended");
    check(result, "join the mount namespace");
    close(pidfd);
    own_namespace();
}

/* scratch/root, scratch/upper, scratch/work in memory: what is made there ends with this process. */
static void make_scratch(const char *scratch)
{
    static const char *const NAMES[] = {"root", "upper", "work", "changed"};
    char path[PATH_MAX];
    check(mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700"), "mount tmpfs");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch, NAMES[i]);
        check(mkdir(path, 0755), "make a directory");
    }
}

static int clone_source(const struct root_bind *bind)
{
    if (!bind->subpath) return mount_clone(AT_FDCWD, bind->source, true);
    int root = open(bind->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int part = root < 0 ? -1 : path_open(root, bind->subpath, O_PATH, 0);
    int mount = part < 0 ? -1 : mount_clone(part, "", true), saved = errno;
    if (part >= 0) close(part);
    if (root >= 0) close(root);
    errno = saved;
    return mount;
}

/*
 * The ids of the host as the container would see them, in which the rest of the tree is on disk already: what belongs to no id of
 * the container is nobody's, and what is made there belongs to its ids. Where that cannot be, it is at most looked at.
 */
static int show_as_container(const struct root_plan *plan, const struct root_bind *bind, int mount)
{
    if (!bind->of_host || !plan->uids.n) return 0;
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) return -1;
    int result = idmap_apply(proc, mount, &plan->uids, &plan->gids, false), saved = errno;
    close(proc);
    errno = saved;
    return result < 0 && errno == EINVAL && bind->optional ? 0 : result;
}

/* The mount point is found, and made where it is missing, without leaving the root; `bare`: only that. */
static void add_bind(int root, const struct root_plan *plan, const struct root_bind *bind, bool bare)
{
    struct stat stat;
    int mount = clone_source(bind);
    if (mount < 0 && errno == ENOENT && bind->optional) return;
    if (mount < 0 || fstat(mount, &stat) < 0)
        fail_errno(errno, "mount \"%s\" on \"%s\"", bind->source, bind->target);
    int target = S_ISDIR(stat.st_mode) ? path_make_directory(root, bind->target, 0)
                                       : path_make_file(root, bind->target, 0);
    if (target >= 0 && bare) {
        close(target);
        close(mount);
        return;
    }
    if (target < 0 || show_as_container(plan, bind, mount) < 0 ||
        mount_change(mount, bind->read_only ? MOUNT_ATTR_RDONLY : 0, 0, MS_PRIVATE, true) < 0 ||
        mount_attach(mount, target) < 0)
        fail_errno(errno, "mount \"%s\" on \"%s\"", bind->source, bind->target);
    close(target);
    close(mount);
}

static void assemble(const struct root_plan *plan, bool alone)
{
    char path[PATH_MAX];
    own_namespace();
    make_scratch(plan->scratch);
    snprintf(path, sizeof path, "%s/root", plan->scratch);
    check(mount_overlay(path, (char *const *)plan->overlay, MOUNT_ATTR_NODEV), "mount the layers");
    int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "open the new root");
    for (size_t i = 0; i < plan->bind_count; i++) add_bind(root, plan, &plan->binds[i], alone);
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (plan->read_only)
        check(mount_setattr(root, "", AT_EMPTY_PATH, &read_only, sizeof read_only),
              "make the root read-only");
    close(root);
    make_root(path);
}

/* The root's own file system without anything that is mounted on it. */
static void leave_mounts(void)
{
    int bare = mount_clone(AT_FDCWD, "/", false);
    check(bare, "copy the root's mount");
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "open the root");
    check(mount_attach(bare, root), "mount the root");
    close(root);
    check(fchdir(bare), "change to the new root");
    close(bare);
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the old root");
    check(chdir("/"), "change to the root");
}

void root_enter(const struct root_plan *plan, bool alone)
{
    if (plan->pidfd >= 0) {
        join(plan->pidfd);
        if (alone) leave_mounts();
    } else {
        assemble(plan, alone);
    }
    make_safe();
}

void root_enter_changes(const struct root_plan *plan, const char *upper)
{
    char path[PATH_MAX];
    own_namespace();
    make_scratch(plan->scratch);
    snprintf(path, sizeof path, "%s/changed", plan->scratch);
    check(mount(upper, path, NULL, MS_BIND, NULL), "bind the upper directory");
    snprintf(path, sizeof path, "%s/root", plan->scratch);
    check(mount_overlay(path, (char *const *)plan->overlay, MOUNT_ATTR_NODEV), "mount the layers");
    make_root(plan->scratch);
    make_safe();
}

void confine_in_root(const struct root_plan *plan, bool alone, enum confine_work work, int last_fd)
{
    confine_start();
    root_enter(plan, alone);
    confine_process(work, last_fd);
}
