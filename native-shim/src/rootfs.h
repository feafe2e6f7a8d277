/*
 * The container's root filesystem, as its init builds it: in the container's own mount namespace, before
 * anything of the container runs, by handles alone.
 */
#ifndef TD_ROOTFS_H
#define TD_ROOTFS_H

#include "bundle.h"
#include "cgroup.h"
#include "spec.h"
#include "step.h"
#include "user.h"

struct userns;

struct rootfs {
    struct steps *s;
    const struct bundle *bundle;
    const struct container_spec *spec;
    const struct cgroup *cgroup; /* NULL where the container has none of its own */
    const struct user *user;     /* for mounts that are shown as another's; NULL until it is known */
    const struct userns *userns; /* whose ids the container has; NULL: the host's */
    int host_proc;               /* the host's /proc, as long as mounts are made */
    /* Handles (O_PATH); -1 where there is none. */
    int root, dev, proc, pts;
    size_t own_dev; /* index of the mount on /dev; 0 for none */
    int *
        sources; /* clones for binds that stay in their source's peer group, one a mount; -1 for the others */
};

/*
 * The root, and of the mounts those that need neither the container's cgroups nor its network; then the other
 * mounts, devices and the working directory; then, when nothing is left to be written, the read-only and the
 * masked paths. 0, or -1 with s->failure.
 */
int rootfs_build_first(struct rootfs *r);
int rootfs_build_rest(struct rootfs *r);
int rootfs_protect(struct rootfs *r);

/* pivot_root into it; the host's tree is gone afterwards. */
int rootfs_enter(struct rootfs *r);

/* The directory that the root is mounted on. 0, or -1 with errno. */
int rootfs_place(const struct rootfs *r, char *path, size_t size);

/* An overlay on PATH: the root, or what an image shows. 0, or -1 with errno. */
int rootfs_mount_overlay(const struct rootfs *r, const struct mount_spec *m, const char *path);

/* rootfs-mount.c: one entry of "mounts", other than the root. 0, or -1 with s->failure. */
int rootfs_mount(struct rootfs *r, size_t index);

/* rootfs-source.c: a bind or an image as a detached mount; whether it is a directory decides what its mount point is. */
int rootfs_source(const struct rootfs *r, size_t index, bool *directory);

/* Why the last of them failed, where errno does not say it; "" else. */
const char *rootfs_source_reason(void);

/* rootfs-cgroup.c: /sys/fs/cgroup on TARGET. 0 or -1 with errno. */
int rootfs_mount_cgroup(const struct rootfs *r, const struct mount_spec *m, int target);

/* rootfs-protect.c */
int rootfs_make_readonly(struct rootfs *r);
int rootfs_mask(struct rootfs *r);

#endif
