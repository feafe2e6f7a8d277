/* What a bind or an image puts into the container: found on the host, made a detached mount, changed as it was asked for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "idmap.h"
#include "mount.h"
#include "path.h"
#include "rootfs.h"
#include "userns.h"

static char reason[256];

const char *rootfs_source_reason(void)
{
    return reason;
}

static void close_keeping_errno(int fd)
{
    int saved = errno;
    if (fd >= 0) close(fd);
    errno = saved;
}

/*
 * A part of a volume is looked up below a handle of it, and the handle of what was found is cloned: whoever can write to
 * the volume may put links there, or exchange directories, and still gets nothing from outside (CVE-2017-1002101).
 */
static int clone_below(int root, const char *subpath, bool recursive)
{
    int fd = path_open(root, subpath, O_PATH, 0);
    if (fd < 0) {
        snprintf(reason, sizeof reason, "subpath \"%.200s\"", subpath);
        return -1;
    }
    int mnt = mount_clone(fd, "", recursive);
    close_keeping_errno(fd);
    return mnt;
}

static int clone_bind(const struct rootfs *r, size_t index)
{
    const struct mount_spec *m = &r->spec->mounts[index];
    if (r->sources[index] >= 0) return r->sources[index];
    if (!m->subpath) return mount_clone(AT_FDCWD, m->source, m->recursive_bind);
    int root = open(m->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    int mnt = clone_below(root, m->subpath, m->recursive_bind);
    close_keeping_errno(root);
    return mnt;
}

/*
 * Mounted for a moment on top of the container's own root, since it takes a directory to make an overlay of many layers
 * (mount_overlay), and cloned from there.
 */
static int clone_image(const struct rootfs *r, const struct mount_spec *m)
{
    char place[PATH_MAX];
    if (rootfs_place(r, place, sizeof place) < 0 || rootfs_mount_overlay(r, m, place) < 0) return -1;
    int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int mnt = root < 0     ? -1
              : m->subpath ? clone_below(root, m->subpath, false)
                           : mount_clone(root, "", false);
    close_keeping_errno(root);
    int saved = errno;
    bool mapped = r->userns && m->own_ids; /* then there is another mount below it */
    if ((umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ||
         (mapped && umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)) &&
        mnt >= 0) {
        close_keeping_errno(mnt);
        return -1;
    }
    errno = saved;
    return mnt;
}

static int fail_idmap(void)
{
    bool unfit = errno == EINVAL;
    snprintf(reason, sizeof reason, "\"idmap\"%s",
             unfit ? ": the file system does not support it, or the map is none" : "");
    return -1;
}

/* Without a map of its own, the container's user gets what the owner of the source has. */
static int map_ids(const struct rootfs *r, const struct mount_spec *m, int mnt, const struct stat *source)
{
    if (m->own_ids) {
        /* Those of an image are mapped below the overlay, which is none that can be. */
        if (!r->userns || m->kind == MOUNT_IMAGE || idmap_attach(mnt, r->userns->fd, false) == 0) return 0;
        if (errno == EINVAL && m->own_ids_optional) return 0;
        return fail_idmap();
    }
    if (!m->idmap) return 0;
    struct id_range uids[IDMAP_SWAP_RANGES], gids[IDMAP_SWAP_RANGES];
    struct id_map uid_map = m->uids, gid_map = m->gids;
    if (!uid_map.n) {
        uint32_t uid = r->user->uid, gid = r->user->gid;
        if (r->userns &&
            (!idmap_outside(&r->spec->uids, uid, &uid) || !idmap_outside(&r->spec->gids, gid, &gid))) {
            snprintf(reason, sizeof reason, "the container's user is not in its user namespace");
            errno = EINVAL;
            return -1;
        }
        uid_map = (struct id_map){uids, idmap_swap(uids, source->st_uid, uid)};
        gid_map = (struct id_map){gids, idmap_swap(gids, source->st_gid, gid)};
    }
    return idmap_apply(r->host_proc, mnt, &uid_map, &gid_map, m->idmap_recursive) == 0 ? 0 : fail_idmap();
}

int rootfs_source(const struct rootfs *r, size_t index, bool *directory)
{
    const struct mount_spec *m = &r->spec->mounts[index];
    struct stat st;
    reason[0] = 0;
    int mnt = m->kind == MOUNT_IMAGE ? clone_image(r, m) : clone_bind(r, index);
    if (mnt < 0) return -1;
    if (fstat(mnt, &st) == 0) {
        *directory = S_ISDIR(st.st_mode);
        /* The map first: nobody may see the mount without it. */
        if (map_ids(r, m, mnt, &st) == 0 && mount_change(mnt, m->set, m->clear, 0, false) == 0 &&
            mount_change(mnt, m->recursive_set, m->recursive_clear, 0, true) == 0 &&
            mount_change(mnt, 0, 0, m->propagation == MS_PRIVATE ? 0 : m->propagation,
                         m->propagate_recursively) == 0)
            return mnt;
    }
    close_keeping_errno(mnt);
    return -1;
}
