#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "path.h"

static int read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, buffer, size - 1);
    close(fd);
    if (n < 0) return -1;
    buffer[n] = 0;
    return 0;
}

/*
 * A v1 cpuset starts without processors and memory nodes, and takes no process until it has some: it gets
 * those of its parent. Where the parent has cgroup.clone_children the kernel has done this already.
 */
static int inherit_cpuset(const char *directory)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t i = 0; i < 2; i++) {
        char own[PATH_MAX + 32], above[PATH_MAX + 32], text[4096];
        snprintf(own, sizeof own, "%s/%s", directory, files[i]);
        snprintf(above, sizeof above, "%s/../%s", directory, files[i]);
        if (read_file(own, text, sizeof text) < 0) return -1;
        if (text[strspn(text, "\n")]) continue;
        if (read_file(above, text, sizeof text) < 0 || path_write(AT_FDCWD, own, text) < 0) return -1;
    }
    return 0;
}

/* So that the kernel does the same for those below, in a fraction of the time. */
static int clone_children(const char *directory)
{
    char file[PATH_MAX + 32];
    snprintf(file, sizeof file, "%s/cgroup.clone_children", directory);
    return path_write(AT_FDCWD, file, "1");
}

static bool is_cpuset(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    return !h->unified && cgroup_find(cg, "cpuset") == h;
}

/* Every directory between the mount and the leaf; the daemon has made them, unless someone removed them. */
static int make_parents(const struct cgroup *cg, const struct cgroup_hierarchy *h, char *leaf)
{
    for (char *p = leaf + strlen(h->mount) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        int rc = mkdir(leaf, 0755);
        if (rc == 0 && is_cpuset(cg, h)) rc = inherit_cpuset(leaf) < 0 ? -1 : clone_children(leaf);
        if (rc < 0 && errno == EEXIST) rc = 0;
        *p = '/';
        if (rc < 0) return -1;
    }
    return 0;
}

static int make_leaf(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char leaf[PATH_MAX];
    if (!cgroup_file(cg, h, "", leaf, sizeof leaf)) return -1;
    int rc = mkdir(leaf, 0755);
    if (rc < 0 && errno == ENOENT) {
        if (make_parents(cg, h, leaf) < 0) return -1;
        rc = mkdir(leaf, 0755);
    }
    /* Left over from a shim that was killed: a used one would have limits and counters of its own. EBUSY: not
     * ours. */
    if (rc < 0 && errno == EEXIST && (rc = rmdir(leaf)) == 0) rc = mkdir(leaf, 0755);
    if (rc < 0) return -1;
    return is_cpuset(cg, h) ? inherit_cpuset(leaf) : 0;
}

int cgroup_make(struct steps *s, const struct cgroup *cg, bool unified)
{
    for (size_t i = 0; i < cg->n; i++) {
        const struct cgroup_hierarchy *h = &cg->list[i];
        if (h->unified != unified) continue;
        if (STEP(s, "cgroup-make", make_leaf(cg, h), "%s%s", h->mount, cg->path) == 0) continue;
        step_fail(s, errno, 128, "make cgroup \"%s%s\"", h->mount, cg->path);
        return -1;
    }
    return 0;
}

static int open_handle(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char leaf[PATH_MAX];
    if (!cgroup_file(cg, h, "", leaf, sizeof leaf)) return -1;
    return open(leaf, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int cgroup_unified_handle(struct steps *s, const struct cgroup *cg)
{
    for (size_t i = 0; i < cg->n; i++) {
        const struct cgroup_hierarchy *h = &cg->list[i];
        if (!h->unified) continue;
        int fd = (int)STEP(s, "cgroup-open", open_handle(cg, h), "%s%s", h->mount, cg->path);
        if (fd < 0) step_fail(s, errno, 128, "open cgroup \"%s%s\"", h->mount, cg->path);
        return fd;
    }
    return -1;
}

static int join(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char file[PATH_MAX];
    /*
     * "0" to tasks, not a pid to cgroup.procs: only then does the kernel see that no other thread can be
     * forking, and leaves out the lock of all thread groups, whose taking waits for an RCU grace period.
     */
    return cgroup_file(cg, h, "tasks", file, sizeof file) ? path_write(AT_FDCWD, file, "0") : -1;
}

int cgroup_join(struct steps *s, const struct cgroup *cg)
{
    for (size_t i = 0; i < cg->n; i++) {
        const struct cgroup_hierarchy *h = &cg->list[i];
        if (h->unified) continue;
        if (STEP(s, "cgroup-join", join(cg, h), "%s%s", h->mount, cg->path) == 0) continue;
        step_fail(s, errno, 128, "join cgroup \"%s%s\"", h->mount, cg->path);
        return -1;
    }
    return 0;
}

/* SIGKILL to all processes of one cgroup and of those below it. */
static void kill_listed(int dir, const char *name, int depth)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    int procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *f = procs < 0 ? NULL : fdopen(procs, "r");
    /* 0 stands for a process of a pid namespace that is not below ours. */
    for (int pid; f && fscanf(f, "%d", &pid) == 1;)
        if (pid > 0) kill(pid, SIGKILL);
    if (f)
        fclose(f);
    else if (procs >= 0)
        close(procs);
    DIR *list = fdopendir(fd);
    for (struct dirent *e; list && depth && (e = readdir(list));)
        if (e->d_type == DT_DIR && e->d_name[0] != '.') kill_listed(fd, e->d_name, depth - 1);
    if (list)
        closedir(list);
    else
        close(fd);
}

void cgroup_kill(const struct cgroup *cg)
{
    for (size_t i = 0; i < cg->n; i++) {
        const struct cgroup_hierarchy *h = &cg->list[i];
        char file[PATH_MAX];
        /* Since Linux 5.14, and safe against forks. */
        if (h->unified && cgroup_file(cg, h, "cgroup.kill", file, sizeof file) &&
            path_write(AT_FDCWD, file, "1") == 0)
            return; /* the v1 hierarchies hold the same processes */
    }
    for (size_t i = 0; i < cg->n; i++) {
        char leaf[PATH_MAX];
        if (cgroup_file(cg, &cg->list[i], "", leaf, sizeof leaf)) kill_listed(AT_FDCWD, leaf, 16);
    }
    /* What the freezer of v1 holds does not even die. */
    const struct cgroup_hierarchy *freezer = cgroup_find(cg, "freezer");
    char state[PATH_MAX];
    if (freezer && !freezer->unified && cgroup_file(cg, freezer, "freezer.state", state, sizeof state))
        path_write(AT_FDCWD, state, "THAWED");
}

/*
 * Removes a cgroup with those below it, which a container has where its cgroup mount is writable. DIR/NAME;
 * names of cgroups cannot be links, so that no walk leaves the hierarchy.
 */
static int remove_tree(int dir, const char *name, int depth)
{
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    int saved = errno;
    int fd = depth ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; list && (e = readdir(list));)
        if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            remove_tree(fd, e->d_name, depth - 1);
    if (list)
        closedir(list);
    else if (fd >= 0)
        close(fd);
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    errno = saved;
    return -1;
}

static int remove_leaf(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char leaf[PATH_MAX];
    return cgroup_file(cg, h, "", leaf, sizeof leaf) ? remove_tree(AT_FDCWD, leaf, 16) : 0;
}

static int remove_all(const struct cgroup *cg)
{
    int error = 0;
    for (size_t i = 0; i < cg->n; i++)
        if (remove_leaf(cg, &cg->list[i]) < 0) error = errno;
    return -error;
}

int cgroup_remove(const struct cgroup *cg)
{
    /* Mostly init's pid namespace has taken all with it, and the first attempt does it. */
    int rc = remove_all(cg);
    struct timespec pause = {.tv_nsec = 100000};
    for (int spent = 0; rc < 0 && spent < 2000000; spent += (int)(pause.tv_nsec / 1000)) {
        cgroup_kill(cg);
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 20000000) pause.tv_nsec *= 2;
        rc = remove_all(cg);
    }
    return rc;
}

uint64_t cgroup_oom_kills(const struct cgroup *cg)
{
    const struct cgroup_hierarchy *h = cgroup_find(cg, "memory");
    char file[PATH_MAX], text[1024];
    if (!h || !cgroup_file(cg, h, cg->v2 ? "memory.events" : "memory.oom_control", file, sizeof file))
        return 0;
    if (read_file(file, text, sizeof text) < 0) return 0;
    char *at = strstr(text, "\noom_kill ");
    return at ? strtoull(at + 10, NULL, 10) : 0;
}
