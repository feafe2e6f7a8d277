/* Paths that the container may not write, or not see. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "mount.h"
#include "path.h"
#include "rootfs.h"

/* A kernel without the feature does not have the path. */
static bool absent(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

static int attach_and_close(int mnt, int target)
{
    int rc = mnt < 0 ? -1 : mount_attach(mnt, target);
    int saved = errno;
    if (mnt >= 0) close(mnt);
    errno = saved;
    return rc;
}

static int bind_readonly(int root, const char *path)
{
    int target = path_open(root, path, O_PATH, 0);
    if (target < 0) return absent(errno) ? 0 : -1;
    int mnt = mount_clone(target, "", true);
    int rc = mnt < 0 ? -1 : mount_change(mnt, MOUNT_ATTR_RDONLY, 0, 0, true);
    if (rc == 0) rc = mount_attach(mnt, target);
    int saved = errno;
    if (mnt >= 0) close(mnt);
    close(target);
    errno = saved;
    return rc;
}

int rootfs_make_readonly(struct rootfs *r)
{
    for (char **path = r->spec->readonly; path && *path; path++) {
        if (STEP(r->s, "readonly", bind_readonly(r->root, *path), "%s", *path) == 0) continue;
        step_fail(r->s, errno, 128, "make \"%s\" read-only", *path);
        return -1;
    }
    return 0;
}

/* What covers the masked: made on first use, cloned for each more. */
struct covers {
    int null, empty;
};

/*
 * The null device of the container's own /dev, as this engine made it and with its numbers checked; the
 * host's where the container has no such /dev. Read-only in any case: to change its mode through a masked
 * path would be to change the original.
 */
static int cover_file(const struct rootfs *r, struct covers *c, int target)
{
    if (c->null < 0) {
        int dev = r->dev >= 0 ? r->dev : open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int null = dev < 0 ? -1 : device_null(dev);
        c->null = null < 0 ? -1 : mount_clone(null, "", false);
        int saved = errno;
        if (null >= 0) close(null);
        if (dev >= 0 && dev != r->dev) close(dev);
        errno = saved;
        if (c->null < 0 ||
            mount_change(c->null, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, 0, false) < 0)
            return -1;
        return mount_attach(c->null, target);
    }
    return attach_and_close(mount_clone(c->null, "", false), target);
}

static int cover_directory(struct covers *c, int target)
{
    static char size[] = "size=4k", inodes[] = "nr_inodes=1", mode[] = "mode=755";
    char *const options[] = {size, inodes, mode, NULL};
    if (c->empty >= 0) return attach_and_close(mount_clone(c->empty, "", false), target);
    c->empty = mount_new("tmpfs", "tmpfs", options,
                         MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return c->empty < 0 ? -1 : mount_attach(c->empty, target);
}

static int mask(const struct rootfs *r, struct covers *c, const char *path)
{
    int target = path_open(r->root, path, O_PATH, 0);
    if (target < 0) return absent(errno) ? 0 : -1;
    struct stat st;
    int rc = fstat(target, &st);
    if (rc == 0) rc = S_ISDIR(st.st_mode) ? cover_directory(c, target) : cover_file(r, c, target);
    int saved = errno;
    close(target);
    errno = saved;
    return rc;
}

int rootfs_mask(struct rootfs *r)
{
    struct covers covers = {-1, -1};
    int rc = 0;
    for (char **path = r->spec->masked; rc == 0 && path && *path; path++) {
        rc = (int)STEP(r->s, "mask", mask(r, &covers, *path), "%s", *path);
        if (rc < 0) step_fail(r->s, errno, 128, "mask \"%s\"", *path);
    }
    if (covers.null >= 0) close(covers.null);
    if (covers.empty >= 0) close(covers.empty);
    return rc;
}
