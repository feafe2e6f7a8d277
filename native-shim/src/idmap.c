#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespace.h"
#include "path.h"

/* (uid_t)-1 means "none" and is in no map. */
#define LAST_ID 4294967294u

/* Everyone from FROM up to but without TO as they are. */
static size_t identity(struct id_range *range, uint64_t from, uint64_t to)
{
    if (from >= to) return 0;
    *range = (struct id_range){(uint32_t)from, (uint32_t)from, (uint32_t)(to - from)};
    return 1;
}

size_t idmap_swap(struct id_range ranges[IDMAP_SWAP_RANGES], uint32_t owner, uint32_t user)
{
    if (owner == user) return identity(ranges, 0, (uint64_t)LAST_ID + 1);
    uint64_t low = owner < user ? owner : user, high = owner < user ? user : owner;
    size_t n = identity(ranges, 0, low);
    n += identity(ranges + n, low + 1, high);
    n += identity(ranges + n, high + 1, (uint64_t)LAST_ID + 1);
    ranges[n++] = (struct id_range){owner, user, 1};
    return n;
}

/* The pid of the process behind PIDFD as the host counts, which is not as init counts (proc_pid_fdinfo(5)). */
static pid_t host_pid(int proc, int pidfd)
{
    char path[48], text[512];
    snprintf(path, sizeof path, "self/fdinfo/%d", pidfd);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *line = strstr(text, "\nPid:");
    long pid = line ? strtol(line + strlen("\nPid:"), NULL, 10) : 0;
    if (pid > 0) return (pid_t)pid;
    errno = ESRCH;
    return -1;
}

/* The kernel takes a map in one write of less than a page. */
static int write_map(int proc, pid_t pid, const char *file, const struct id_map *map)
{
    char path[48], text[4096];
    size_t at = 0;
    for (size_t i = 0; i < map->n; i++) {
        const struct id_range *r = &map->ranges[i];
        int n = snprintf(text + at, sizeof text - at, "%u %u %u\n", r->inside, r->outside, r->size);
        if (n < 0 || (size_t)n >= sizeof text - at) {
            errno = E2BIG;
            return -1;
        }
        at += (size_t)n;
    }
    snprintf(path, sizeof path, "%d/%s", (int)pid, file);
    return path_write(proc, path, text);
}

bool idmap_outside(const struct id_map *map, uint32_t inside, uint32_t *outside)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct id_range *r = &map->ranges[i];
        if (inside < r->inside || inside - r->inside >= r->size) continue;
        *outside = r->outside + (inside - r->inside);
        return true;
    }
    return false;
}

int idmap_write(int proc, pid_t pid, const struct id_map *uids, const struct id_map *gids)
{
    return write_map(proc, pid, "uid_map", uids) < 0 ? -1 : write_map(proc, pid, "gid_map", gids);
}

static int open_mapped(int proc, int pidfd, const struct id_map *uids, const struct id_map *gids)
{
    char path[48];
    pid_t pid = host_pid(proc, pidfd);
    if (pid < 0 || idmap_write(proc, pid, uids, gids) < 0) return -1;
    snprintf(path, sizeof path, "%d/ns/user", (int)pid);
    return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

/* A namespace takes a process to be made; it does nothing, and is gone when this returns. */
static int make_namespace(int proc, const struct id_map *uids, const struct id_map *gids)
{
    int hold[2], pidfd;
    if (pipe2(hold, O_CLOEXEC) < 0) return -1;
    pid_t pid = namespace_clone(CLONE_NEWUSER, -1, &pidfd, NULL);
    if (pid == 0) {
        char nothing;
        close(hold[1]);
        _exit(read(hold[0], &nothing, 1) == 0 ? 0 : 1);
    }
    int saved = errno;
    close(hold[0]);
    int fd = -1;
    if (pid > 0) {
        fd = open_mapped(proc, pidfd, uids, gids);
        saved = errno;
    }
    close(hold[1]);
    if (pid > 0) {
        close(pidfd);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    errno = saved;
    return fd;
}

int idmap_attach(int mount, int userns, bool recursive)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns};
    return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

int idmap_apply(int proc, int mount, const struct id_map *uids, const struct id_map *gids, bool recursive)
{
    int ns = make_namespace(proc, uids, gids);
    if (ns < 0) return -1;
    int rc = idmap_attach(mount, ns, recursive);
    int saved = errno;
    close(ns);
    errno = saved;
    return rc;
}
