#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "mount.h"
#include "path.h"
#include "userns.h"

/*
 * A mount is cloned only by who is in its namespace (open_tree(2)); the clone belongs to nobody, and may be
 * attached anywhere. This process is alone, with a working directory and root of its own, as setns(2) asks
 * of who changes its mount namespace.
 */
static int clone_from(const char *namespace, const char *path, bool recursive)
{
    int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    int there = open(namespace, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int mnt = -1;
    if (own >= 0 && there >= 0 && setns(there, CLONE_NEWNS) == 0) {
        mnt = mount_clone(AT_FDCWD, path, recursive);
        int saved = errno;
        /* Cannot fail, and must not: what follows would be done to another container. */
        if (setns(own, CLONE_NEWNS) < 0) abort();
        errno = saved;
    }
    int saved = errno;
    if (own >= 0) close(own);
    if (there >= 0) close(there);
    errno = saved;
    return mnt;
}

static bool cloned_first(const struct mount_spec *m)
{
    return m->kind == MOUNT_BIND && (m->source_namespace || m->propagation & (MS_SHARED | MS_SLAVE));
}

/*
 * Binds that are to be shared with the host, or to follow it, must be cloned while their source is still in
 * the host's peer group, that is before all mounts of this namespace are made private. Those of another
 * namespace are cloned here too, while there is a /proc of the host's.
 */
static int clone_shared_sources(struct rootfs *r)
{
    r->sources = malloc((r->spec->nmounts + 1) * sizeof *r->sources);
    if (!r->sources) return -1;
    for (size_t i = 0; i < r->spec->nmounts; i++) {
        const struct mount_spec *m = &r->spec->mounts[i];
        r->sources[i] = -1;
        if (!cloned_first(m)) continue;
        r->sources[i] =
            (int)STEP(r->s, "open_tree",
                      m->source_namespace ? clone_from(m->source_namespace, m->source, m->recursive_bind)
                                          : mount_clone(AT_FDCWD, m->source, m->recursive_bind),
                      "%s", m->source);
        if (r->sources[i] >= 0) continue;
        step_fail(r->s, errno, 128, "mount \"%s\" on \"%s\"", m->source, m->destination);
        return -1;
    }
    return 0;
}

static int make_private(struct rootfs *r)
{
    if (STEP(r->s, "mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "rprivate /") == 0) return 0;
    step_fail(r->s, errno, 128, "make all mounts private");
    return -1;
}

/* A directory becomes a mount of its own, as pivot_root(2) needs it. */
static int bind_root(const char *path)
{
    int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target < 0) return -1;
    int clone = mount_clone(target, "", true);
    if (clone >= 0 && mount_attach(clone, target) < 0) {
        int saved = errno;
        close(clone);
        clone = -1;
        errno = saved;
    }
    int saved = errno;
    close(target);
    errno = saved;
    return clone;
}

int rootfs_mount_overlay(const struct rootfs *r, const struct mount_spec *m, const char *path)
{
    return r->userns && m->own_ids ? mount_overlay_mapped(path, m->options, m->set, r->userns->fd)
                                   : mount_overlay(path, m->options, m->set);
}

static int overlay_root(const struct rootfs *r, const struct mount_spec *m, const char *path)
{
    if (rootfs_mount_overlay(r, m, path) < 0) return -1;
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int rootfs_place(const struct rootfs *r, char *path, size_t size)
{
    const char *root = r->spec->root;
    int n = root[0] == '/' ? snprintf(path, size, "%s", root)
                           : snprintf(path, size, "%s/%s", r->bundle->dir, root);
    if (n >= 0 && (size_t)n < size) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

static int mount_root(struct rootfs *r)
{
    const struct container_spec *spec = r->spec;
    char path[PATH_MAX];
    if (rootfs_place(r, path, sizeof path) < 0) {
        step_fail(r->s, errno, 128, "mount the root");
        return -1;
    }
    if (spec->nmounts && spec->mounts[0].kind == MOUNT_OVERLAY)
        r->root = (int)STEP(r->s, "mount", overlay_root(r, &spec->mounts[0], path), "overlay on %s", path);
    else
        r->root = (int)STEP(r->s, "mount", bind_root(path), "%s on itself", path);
    if (r->root >= 0) return 0;
    step_fail(r->s, errno, 128, "mount the root on \"%s\"", path);
    return -1;
}

/* sysfs shows the network namespace of whoever mounts it; an idmap is made of the user, who is looked up meanwhile. */
static bool waits(const struct mount_spec *m)
{
    return m->kind == MOUNT_SYSFS || m->kind == MOUNT_CGROUP || m->idmap;
}

static bool below_dev(const struct mount_spec *m)
{
    return m->kind == MOUNT_FILESYSTEM && strncmp(m->destination, "/dev/", 5) == 0;
}

/*
 * Mounts in two passes. In the first the list up to the first one that has to wait, and what goes into the
 * engine's own /dev: whatever else there is may be on a path that leads through a link into what is not
 * mounted yet.
 */
static int mount_pass(struct rootfs *r, bool first)
{
    bool waiting = false;
    for (size_t i = 0; i < r->spec->nmounts; i++) {
        const struct mount_spec *m = &r->spec->mounts[i];
        waiting = waiting || waits(m);
        bool now = !waiting || (r->own_dev > 0 && r->own_dev < i && below_dev(m));
        if (m->kind != MOUNT_OVERLAY && now == first && rootfs_mount(r, i) < 0) return -1;
    }
    return 0;
}

static int make_devices(struct rootfs *r)
{
    for (size_t i = 0; i < r->spec->ndevices; i++) {
        const struct device_spec *device = &r->spec->devices[i];
        if (STEP(r->s, "mknod", device_make(r->root, device), "%s", device->path) == 0) continue;
        step_fail(r->s, errno, 128, "make device \"%s\"", device->path);
        return -1;
    }
    return 0;
}

static int make_directory(int root, const char *path)
{
    int fd = path_make_directory(root, path, 0);
    if (fd >= 0) close(fd);
    return fd < 0 ? -1 : 0;
}

static int make_working_directory(struct rootfs *r)
{
    const struct process *p = &r->bundle->process;
    if (!p->make_cwd || strcmp(p->cwd, "/") == 0) return 0;
    if (STEP(r->s, "mkdir", make_directory(r->root, p->cwd), "%s", p->cwd) == 0) return 0;
    step_fail(r->s, errno, 128, "make working directory \"%s\"", p->cwd);
    return -1;
}

/* The place in the list of the tmpfs on /dev, where it comes before all that waits; 0 for none. */
static size_t find_own_dev(const struct container_spec *spec)
{
    for (size_t i = 1; i < spec->nmounts && !waits(&spec->mounts[i]); i++)
        if (spec->mounts[i].kind == MOUNT_FILESYSTEM && strcmp(spec->mounts[i].destination, "/dev") == 0)
            return i;
    return 0;
}

int rootfs_build_first(struct rootfs *r)
{
    r->own_dev = find_own_dev(r->spec);
    if (clone_shared_sources(r) < 0 || make_private(r) < 0 || mount_root(r) < 0) return -1;
    return mount_pass(r, true);
}

int rootfs_build_rest(struct rootfs *r)
{
    if (mount_pass(r, false) < 0) return -1;
    free(r->sources);
    r->sources = NULL;
    return make_devices(r) < 0 ? -1 : make_working_directory(r);
}

int rootfs_protect(struct rootfs *r)
{
    if (rootfs_make_readonly(r) < 0 || rootfs_mask(r) < 0) return -1;
    if (!r->spec->root_readonly) return 0;
    if (STEP(r->s, "mount_setattr", mount_change(r->root, MOUNT_ATTR_RDONLY, 0, 0, false), "/ ro") == 0)
        return 0;
    step_fail(r->s, errno, 128, "make the root read-only");
    return -1;
}

/*
 * pivot_root(2) with the old root on top of the new one, so that no directory is needed for it; "." is then
 * the old root's place, from where it is detached.
 */
static int pivot(int root)
{
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) return -1;
    if (umount2(".", MNT_DETACH) < 0) return -1;
    return chdir("/");
}

int rootfs_enter(struct rootfs *r)
{
    if (STEP(r->s, "pivot_root", pivot(r->root), ".") < 0) {
        step_fail(r->s, errno, 128, "change the root");
        return -1;
    }
    uint64_t propagation = r->spec->root_propagation;
    if (!propagation || propagation == MS_PRIVATE) return 0;
    if (STEP(r->s, "mount_setattr",
             mount_change(r->root, 0, 0, propagation, r->spec->root_propagate_recursively),
             "propagation of /") == 0)
        return 0;
    step_fail(r->s, errno, 128, "set the propagation of the root");
    return -1;
}
