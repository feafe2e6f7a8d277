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

/* Memory: the window of zstd --ultra --long=27 and a dictionary of xz -9 fit many times. */
enum { MEMORY = 512 << 20, FILES = 256 };

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "confine the unpacking: %s", what);
}

static void enter(const char *path)
{
    check(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");
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

static void limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    check(setrlimit(resource, &wanted), "setrlimit");
}

/* SYS_ADMIN is there for trusted.overlay.opaque; the filter leaves it nothing else to do. */
static void drop_capabilities(void)
{
    static const unsigned int KEPT[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER,   CAP_FSETID,
                                        CAP_MKNOD, CAP_SETFCAP,      CAP_SYS_ADMIN};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        data[CAP_TO_INDEX(KEPT[i])].permitted |= CAP_TO_MASK(KEPT[i]);
        data[CAP_TO_INDEX(KEPT[i])].effective |= CAP_TO_MASK(KEPT[i]);
    }
    check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear the ambient capabilities");
    check(syscall(SYS_capset, &header, data), "drop capabilities");
}

int confine(const char *path)
{
    /* Without the daemon nobody wants the tree, and the next daemon removes it. */
    check(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    umask(0);
    check(close_range(STDERR_FILENO + 1, UINT32_MAX, 0), "close_range");
    enter(path);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "open the new root");
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_NOFILE, FILES);
    limit(RLIMIT_AS, MEMORY);
    drop_capabilities();
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    filter_install();
    return root;
}
