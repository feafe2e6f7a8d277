#include "td-layer/confine.h"
#include "td-layer/fail.h"
#include "td-layer/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Memory: the window of zstd --ultra --long=27 and a dictionary of xz -9 fit many times; so do the names of some million files.
 * Descriptors: a walk holds one for every directory in a path.
 */
enum { MEMORY = 1 << 30, FILES = 2300 };

/* How much who writes stands back behind the daemon, which has everybody else's requests to answer: a third of its weight, sched(7). */
enum { NICE = 5 };

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "confine the helper: %s", what);
}

static void enter(const char *path)
{
    check(unshare(CLONE_NEWNS), "unshare");
    /* Else what is mounted here would show on the host. */
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    check(mount(path, path, NULL, MS_BIND, NULL), "bind the directory");
    check(chdir(path), "change to the directory"); /* after the bind: a new lookup finds the new mount */
    /* Devices may be made and not opened. */
    check(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL), "remount");
    /* The old root is put onto the new one and detached from there (pivot_root(2), "pivot_root(".", ".")").
     */
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the old root");
    check(chdir("/"), "change to the new root");
}

/* Or less, where the daemon has less: to raise a limit takes CAP_SYS_RESOURCE. */
static void limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit wanted;
    check(getrlimit(resource, &wanted), "getrlimit");
    if (value < wanted.rlim_max) wanted.rlim_max = value;
    wanted.rlim_cur = wanted.rlim_max;
    check(setrlimit(resource, &wanted), "setrlimit");
}

/* SYS_ADMIN is there for trusted.overlay.*; the filter leaves it nothing else to do. */
static void drop_capabilities(enum confine_work work)
{
    static const unsigned int READING[] = {CAP_DAC_READ_SEARCH};
    static const unsigned int WRITING[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,
                                           CAP_FSETID, CAP_MKNOD,        CAP_SETFCAP};
    bool writes = work == CONFINE_WRITE || work == CONFINE_WRITE_LAYER;
    bool layer = work == CONFINE_READ_LAYER || work == CONFINE_WRITE_LAYER;
    const unsigned int *kept = writes ? WRITING : READING;
    size_t count = writes ? sizeof WRITING / sizeof *WRITING : sizeof READING / sizeof *READING;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    for (size_t i = 0; i < count + layer; i++) {
        unsigned int capability = i < count ? kept[i] : CAP_SYS_ADMIN;
        data[CAP_TO_INDEX(capability)].permitted |= CAP_TO_MASK(capability);
        data[CAP_TO_INDEX(capability)].effective |= CAP_TO_MASK(capability);
    }
    check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear the ambient capabilities");
    check(syscall(SYS_capset, &header, data), "drop capabilities");
}

void confine_start(void)
{
    /*
     * The capabilities that are left are no more than a container's: one that sees the host's processes could else open this
     * program by /proc/PID/exe, and write to it when it has ended (CVE-2019-5736), or go through /proc/PID/root.
     */
    check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
    /* Without the daemon nobody wants the work, and the next daemon removes what is half done. */
    check(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    /* A reader that goes away is an error of write(2). */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) check(-1, "ignore SIGPIPE");
    umask(0);
}

void confine_process(enum confine_work work, int last_fd)
{
    check(close_range((unsigned int)last_fd + 1, UINT32_MAX, 0), "close_range");
    bool writes = work == CONFINE_WRITE || work == CONFINE_WRITE_LAYER;
    if (writes) check(setpriority(PRIO_PROCESS, 0, NICE), "setpriority");
    /*
     * The filter leaves no call that reaches these. Who takes archives apart gets both; for who only reads files a network
     * namespace would take as long to make as all the rest.
     */
    if (writes) check(unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_NOFILE, FILES);
    limit(RLIMIT_AS, MEMORY);
    drop_capabilities(work);
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    filter_install(writes);
}

int confine(const char *path, enum confine_work work, int last_fd)
{
    confine_start();
    check(close_range((unsigned int)last_fd + 1, UINT32_MAX, 0), "close_range");
    enter(path);
    confine_process(work, last_fd);
    /* Opened last: close_range has spared nothing. */
    int root = open("/", (work == CONFINE_WRITE || work == CONFINE_WRITE_LAYER ? O_PATH : O_RDONLY) |
                             O_DIRECTORY | O_CLOEXEC);
    check(root, "open the new root");
    return root;
}
