/* /sys/fs/cgroup as the container sees it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount.h"
#include "path.h"
#include "rootfs.h"

static int attach(int mnt, const struct mount_spec *m, int target)
{
    if (mnt < 0) return -1;
    int rc = mount_change(mnt, m->set, m->clear, 0, false);
    if (rc == 0) rc = mount_attach(mnt, target);
    int saved = errno;
    close(mnt);
    errno = saved;
    return rc;
}

/*
 * v2. Without a cgroup namespace of its own the container gets a clone of the host's mount: a new mount from
 * the first cgroup namespace would reset the options of the one superblock there is (nsdelegate), for the
 * host too.
 */
static int mount_unified(const struct rootfs *r, const struct mount_spec *m, int target)
{
    if (!spec_namespace(r->spec, CLONE_NEWCGROUP))
        return attach(mount_clone(AT_FDCWD, "/sys/fs/cgroup", false), m, target);
    return attach(mount_new("cgroup2", "cgroup", NULL, 0), m, target);
}

/* "cpu,cpuacct" can be reached as cpu and as cpuacct too. */
static int link_controllers(int dir, const char *name)
{
    if (!strchr(name, ',')) return 0;
    char *copy = strdup(name), *state;
    int rc = copy ? 0 : -1;
    for (char *word = copy ? strtok_r(copy, ",", &state) : NULL; rc == 0 && word;
         word = strtok_r(NULL, ",", &state))
        if (symlinkat(name, dir, word) < 0 && errno != EEXIST) rc = -1;
    free(copy);
    return rc;
}

/* The leaf of one hierarchy; by binding it, which is what a new mount from its namespace would show, and
 * costs less. */
static int mount_leaf(const struct rootfs *r, const struct cgroup_hierarchy *h, const struct mount_spec *m,
                      int dir)
{
    char leaf[PATH_MAX];
    const char *name = cgroup_mount_name(h);
    if (!cgroup_file(r->cgroup, h, "", leaf, sizeof leaf)) return -1;
    if (mkdirat(dir, name, 0755) < 0) return -1;
    int target = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0) return -1;
    int rc = attach(mount_clone(AT_FDCWD, leaf, false), m, target);
    int saved = errno;
    close(target);
    errno = saved;
    return rc == 0 ? link_controllers(dir, name) : -1;
}

static int mount_hierarchies(const struct rootfs *r, const struct mount_spec *m, int target)
{
    static char mode[] = "mode=755";
    char *const options[] = {mode, NULL};
    int dir = mount_new("tmpfs", "tmpfs", options, m->set & ~(uint64_t)MOUNT_ATTR_RDONLY);
    if (dir < 0) return -1;
    int rc = mount_attach(dir, target);
    for (size_t i = 0; r->cgroup && rc == 0 && i < r->cgroup->n; i++)
        if (!r->cgroup->list[i].unified) rc = mount_leaf(r, &r->cgroup->list[i], m, dir);
    if (rc == 0) rc = mount_change(dir, m->set & MOUNT_ATTR_RDONLY, 0, 0, false);
    int saved = errno;
    close(dir);
    errno = saved;
    return rc;
}

int rootfs_mount_cgroup(const struct rootfs *r, const struct mount_spec *m, int target)
{
    bool unified = r->cgroup ? r->cgroup->v2 : strcmp(m->type, "cgroup2") == 0;
    return unified ? mount_unified(r, m, target) : mount_hierarchies(r, m, target);
}
