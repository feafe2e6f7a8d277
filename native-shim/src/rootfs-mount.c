/* One entry of "mounts": its mount point inside the root, the mount, and the two put together. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "mount.h"
#include "path.h"
#include "rootfs.h"
#include "userns.h"

static bool is_dev(const struct mount_spec *m)
{
    return m->kind == MOUNT_FILESYSTEM && strcmp(m->destination, "/dev") == 0;
}

/*
 * /proc, /sys and /dev of an image may be symbolic links; to follow them would put what the engine trusts
 * somewhere else in the tree (CVE-2023-27561, CVE-2026-41579).
 */
static uint64_t resolve_flags(const struct mount_spec *m)
{
    return m->kind == MOUNT_PROC || m->kind == MOUNT_SYSFS || is_dev(m) ? RESOLVE_NO_SYMLINKS : 0;
}

/*
 * Within procfs only files that cannot mislead the engine or a security module may be covered: those that
 * show the container's share of the host. Where a mount really ends is asked of the kernel, since a link may
 * lead there (CVE-2019-16884).
 */
static bool may_cover(int mnt, int target, const char *destination)
{
    static const char *const files[] = {"cpuinfo",  "diskstats", "loadavg", "meminfo",
                                        "slabinfo", "stat",      "swaps",   "uptime"};
    /* In the place of procfs itself another file system would be believed like it, by every program there is. */
    if (strcmp(destination, "/proc") == 0) return path_check_filesystem(mnt, PROC_SUPER_MAGIC) == 0;
    if (path_check_filesystem(target, PROC_SUPER_MAGIC) < 0) return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strncmp(destination, "/proc/", 6) == 0 && strcmp(destination + 6, files[i]) == 0) return true;
    return false;
}

/*
 * A tmpfs on a directory that is there keeps that directory's mode, where no other was asked for, as runc has it: /tmp stays
 * open to all and /root closed. On a directory that is not there it has the mode of a tmpfs, 1777.
 */
static int make_tmpfs(const struct rootfs *r, const struct mount_spec *m)
{
    struct stat st;
    char mode[16];
    char *options[32];
    size_t n = 0;
    for (; m->options && m->options[n]; n++) {
        if (strncmp(m->options[n], "mode=", 5) == 0 || n == sizeof options / sizeof *options - 2) goto plain;
        options[n] = m->options[n];
    }
    int fd = path_open(r->root, m->destination, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) goto plain;
    int rc = fstat(fd, &st);
    close(fd);
    if (rc < 0) goto plain;
    snprintf(mode, sizeof mode, "mode=%o", st.st_mode & 07777u);
    options[n] = mode;
    options[n + 1] = NULL;
    return mount_new(m->type, m->source, options, m->set);
plain:
    return mount_new(m->type, m->source, m->options, m->set);
}

/* A devpts has the ids of who mounts it, in the numbers of the host, and takes no other. */
static int give_devpts(const struct rootfs *r, const struct mount_spec *m, int mnt)
{
    if (!r->userns || strcmp(m->type, "devpts") != 0) return 0;
    const struct userns *u = r->userns;
    return fchownat(mnt, "", u->uid, u->gid, AT_EMPTY_PATH) < 0 ? -1
                                                                : fchownat(mnt, "ptmx", u->uid, u->gid, 0);
}

static int make_mount(const struct rootfs *r, size_t index, bool *directory)
{
    const struct mount_spec *m = &r->spec->mounts[index];
    *directory = true;
    if (m->kind == MOUNT_BIND || m->kind == MOUNT_IMAGE) return rootfs_source(r, index, directory);
    bool tmpfs = m->kind == MOUNT_FILESYSTEM && strcmp(m->type, "tmpfs") == 0;
    int mnt = tmpfs ? make_tmpfs(r, m) : mount_new(m->type, m->source, m->options, m->set);
    if (mnt < 0 || ((!is_dev(m) || device_make_default(mnt) == 0) && give_devpts(r, m, mnt) == 0 &&
                    mount_change(mnt, 0, 0, m->propagation == MS_PRIVATE ? 0 : m->propagation, false) == 0))
        return mnt;
    int saved = errno;
    close(mnt);
    errno = saved;
    return -1;
}

static int open_target(const struct rootfs *r, const struct mount_spec *m, int mnt, bool directory)
{
    int fd = directory ? path_make_directory(r->root, m->destination, resolve_flags(m))
                       : path_make_file(r->root, m->destination, resolve_flags(m));
    if (fd < 0 || may_cover(mnt, fd, m->destination)) return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

/* Keeps the handles that later steps work with; closes any other. */
static void keep(struct rootfs *r, const struct mount_spec *m, int mnt)
{
    int *slot = NULL;
    if (strcmp(m->destination, "/proc") == 0) slot = &r->proc; /* also where it is the host's, bound */
    if (is_dev(m)) slot = &r->dev;
    if (m->kind == MOUNT_FILESYSTEM && strcmp(m->type, "devpts") == 0 &&
        strcmp(m->destination, "/dev/pts") == 0)
        slot = &r->pts;
    if (slot && *slot >= 0) close(*slot);
    if (slot)
        *slot = mnt;
    else
        close(mnt);
}

static int fail(struct rootfs *r, const struct mount_spec *m)
{
    const char *what = m->kind == MOUNT_BIND ? m->source : m->kind == MOUNT_IMAGE ? "image" : m->type;
    const char *why =
        m->kind == MOUNT_BIND || m->kind == MOUNT_IMAGE ? rootfs_source_reason() : mount_reason();
    bool said = *why;
    step_fail(r->s, errno, 128, "mount \"%s\" on \"%s\"%s%s", what, m->destination, said ? ": " : "",
              said ? why : "");
    return -1;
}

/* EPERM is open_target()'s own: the kernel has not been asked to mount anything yet. */
static int fail_at_target(struct rootfs *r, const struct mount_spec *m)
{
    if (errno != EPERM) return fail(r, m);
    step_fail(r->s, errno, 128, "mount on \"%s\": it would stand in the place of procfs", m->destination);
    return -1;
}

static int mount_cgroup(struct rootfs *r, const struct mount_spec *m)
{
    int target = (int)STEP(r->s, "mountpoint", open_target(r, m, -1, true), "%s", m->destination);
    if (target < 0) return fail_at_target(r, m);
    int rc = (int)STEP(r->s, "mount", rootfs_mount_cgroup(r, m, target), "%s on %s", m->type, m->destination);
    if (rc < 0) fail(r, m);
    close(target);
    return rc;
}

int rootfs_mount(struct rootfs *r, size_t index)
{
    const struct mount_spec *m = &r->spec->mounts[index];
    if (m->kind == MOUNT_CGROUP) return mount_cgroup(r, m);
    bool directory = true;
    int mnt = (int)STEP(r->s, "mount", make_mount(r, index, &directory), "%s on %s",
                        m->kind == MOUNT_BIND ? m->source : m->type, m->destination);
    if (mnt < 0) return fail(r, m);
    int target = (int)STEP(r->s, "mountpoint", open_target(r, m, mnt, directory), "%s", m->destination);
    if (target < 0) return fail_at_target(r, m);
    if (STEP(r->s, "move_mount", mount_attach(mnt, target), "%s", m->destination) < 0) return fail(r, m);
    close(target);
    keep(r, m, mnt);
    return 0;
}
