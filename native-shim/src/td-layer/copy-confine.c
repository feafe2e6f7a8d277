/* What td-layer gives up before it copies what others wrote from one tree to another. */
#include "td-layer/confine.h"
#include "td-layer/copy.h"
#include "td-layer/fail.h"

#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "confine the copy: %s", what);
}

/* "lowerdir=" of overlayfs, in which a colon parts directories. */
static char *lower_option(char *const *layers)
{
    size_t size = sizeof "lowerdir=";
    for (char *const *layer = layers; *layer; layer++) size += 2 * strlen(*layer) + 1;
    char *option = allocate(size), *to = stpcpy(option, "lowerdir=");
    for (char *const *layer = layers; *layer; layer++) {
        if (layer != layers) *to++ = ':';
        for (const char *from = *layer; *from; *to++ = *from++)
            if (strchr("\\:,", *from)) *to++ = '\\';
    }
    return option;
}

int copy_confine(const char *path, char *const *layers, int *target)
{
    enum { TARGET = STDERR_FILENO + 1 };
    char *const options[] = {lower_option(layers), NULL};
    confine_start();
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    check(fd, "open the directory");
    *target = fd == TARGET ? fd : dup3(fd, TARGET, O_CLOEXEC);
    check(*target, "keep the directory");
    check(unshare(CLONE_NEWNS), "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    /* Over the directory that is written to, of which there is a handle already. */
    check(mount_overlay(path, options,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
          "mount the layers");
    check(chdir(path), "change to the layers"); /* after the mount: a new lookup finds it */
    /* The old root is put onto the new one and detached from there (pivot_root(2), "pivot_root(".", ".")"). */
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the old root");
    check(chdir("/"), "change to the new root");
    confine_process(CONFINE_WRITE, TARGET);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "open the new root");
    return root;
}
