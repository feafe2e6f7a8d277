#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int open_with(int dir, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};
    /* EAGAIN: something was renamed or mounted meanwhile, and the kernel cannot tell whether ".." stayed
     * inside. */
    for (int tries = 0; tries < 256; tries++) {
        int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
    }
    return -1;
}

int path_open(int root, const char *path, int flags, uint64_t resolve)
{
    return open_with(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

/* Replaces *DIR by its subdirectory NAME, made where missing. A symbolic link is refused: the rest was not
 * resolved. */
static int descend(int *dir, const char *name)
{
    if (mkdirat(*dir, name, 0755) < 0 && errno != EEXIST) return -1;
    int next = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return -1;
    close(*dir);
    *dir = next;
    return 0;
}

/* The deepest part of PATH (cut in place) that exists; what is missing begins at *REST. */
static int deepest(int root, char *path, uint64_t resolve, char **rest)
{
    for (char *end = path + strlen(path);;) {
        *rest = end;
        char saved = *end;
        *end = 0;
        int fd = path_open(root, *path ? path : "/", O_PATH | O_DIRECTORY, resolve);
        *end = saved;
        if (fd >= 0 || errno != ENOENT || end == path) return fd;
        do end--;
        while (end > path && *end != '/');
    }
}

int path_make_directory(int root, const char *path, uint64_t resolve)
{
    int fd = path_open(root, path, O_PATH | O_DIRECTORY, resolve);
    if (fd >= 0 || errno != ENOENT) return fd;
    char *copy = strdup(path), *rest;
    if (!copy) return -1;
    fd = deepest(root, copy, resolve, &rest);
    char *state;
    for (char *name = strtok_r(rest, "/", &state); fd >= 0 && name; name = strtok_r(NULL, "/", &state)) {
        if (descend(&fd, name) == 0) continue;
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    free(copy);
    return fd;
}

int path_make_parent(int root, const char *path, uint64_t resolve, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    char parent[PATH_MAX];
    int n = snprintf(parent, sizeof parent, "%.*s/", slash ? (int)(slash - path) : 0, path);
    if (n < 0 || (size_t)n >= sizeof parent) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (n > 1) parent[n - 1] = 0;
    return path_make_directory(root, parent, resolve);
}

int path_make_file(int root, const char *path, uint64_t resolve)
{
    int fd = path_open(root, path, O_PATH, resolve);
    if (fd >= 0 || errno != ENOENT) return fd;
    const char *name;
    int parent = path_make_parent(root, path, resolve, &name);
    if (parent < 0) return -1;
    int made = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    /* The name may be a dangling link: O_EXCL refuses it, and so do we. */
    int saved = errno;
    if (made >= 0) {
        fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        saved = errno;
        close(made);
    }
    close(parent);
    errno = saved;
    return fd;
}

int path_reopen(int proc, int handle, int flags)
{
    char name[32];
    snprintf(name, sizeof name, "self/fd/%d", handle);
    return openat(proc, name, flags | O_CLOEXEC);
}

static char *read_limited(int fd, size_t limit)
{
    size_t size = 4096, at = 0;
    char *text = malloc(size);
    while (text) {
        ssize_t n = read(fd, text + at, size - 1 - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        if (n == 0) {
            text[at] = 0;
            return text;
        }
        at += (size_t)n;
        if (at < size - 1) continue;
        if (at >= limit) {
            errno = EFBIG;
            break;
        }
        char *larger = realloc(text, size * 2);
        if (!larger) break;
        text = larger;
        size *= 2;
    }
    int saved = errno;
    free(text);
    errno = saved;
    return NULL;
}

char *path_read(int root, int proc, const char *path, size_t limit)
{
    int handle = path_open(root, path, O_PATH, 0);
    if (handle < 0) return NULL;
    struct stat st;
    int fd = -1;
    if (fstat(handle, &st) == 0) {
        errno = !S_ISREG(st.st_mode) ? EINVAL : (uint64_t)st.st_size > limit ? EFBIG : 0;
        if (!errno) fd = path_reopen(proc, handle, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    }
    char *text = fd < 0 ? NULL : read_limited(fd, limit);
    int saved = errno;
    close(handle);
    if (fd >= 0) close(fd);
    errno = saved;
    return text;
}

int path_write(int dir, const char *path, const char *text)
{
    int fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -1;
    ssize_t n = write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

int path_check_filesystem(int handle, long magic)
{
    struct statfs st;
    if (fstatfs(handle, &st) < 0) return -1;
    if (st.f_type == (__fsword_t)magic) return 0;
    errno = EXDEV;
    return -1;
}
