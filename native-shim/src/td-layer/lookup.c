#include "td-layer/lookup.h"
#include "td-layer/fail.h"
#include "td-layer/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As many links as the kernel itself follows (path_resolution(7)). */
enum { LINKS_MAX = 40 };

int lookup_open(const char *path, int flags)
{
    /*
     * The root of this process is the tree, so that nothing leads out of it. Magic links of a /proc that is mounted there
     * would lead to what other processes have open.
     */
    struct open_how how = {.flags = (unsigned long long)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_NO_MAGICLINKS};
    long fd;
    do fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return (int)fd;
}

static _Noreturn void fail_lookup(const char *path)
{
    /* This process may read everything but what the kernel shows of other processes. */
    if (errno == ENOENT || errno == EACCES)
        fail(FAIL_NOT_FOUND, "lstat %s: no such file or directory", tar_shown(path));
    if (errno == ENOTDIR) fail(FAIL_SYSTEM, "lstat %s: not a directory", tar_shown(path));
    if (errno == ELOOP) fail(FAIL_SYSTEM, "lstat %s: too many levels of symbolic links", tar_shown(path));
    fail_errno(errno, "lstat %s", tar_shown(path));
}

void lookup_path(const char *path, bool follow, struct lookup *found)
{
    int handle = lookup_open(path, O_PATH | (follow ? O_DIRECTORY : O_NOFOLLOW));
    if (handle < 0 || fstat(handle, &found->stat) < 0) fail_lookup(path);
    found->fd = found->parent = -1;
    if (S_ISDIR(found->stat.st_mode)) {
        /* By its handle: it is the same, wherever it may be now. */
        found->fd = openat(handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (found->fd < 0) fail_lookup(path);
    } else {
        char parent[TAR_PATH_MAX + 1] = "/";
        size_t length = (size_t)(strrchr(path, '/') - path);
        if (length > 0) memcpy(parent, path, length), parent[length] = '\0';
        found->base = path + length + 1;
        found->parent = lookup_open(parent, O_PATH | O_DIRECTORY);
        if (found->parent < 0) fail_lookup(path);
        if (filesystem_is_foreign(handle))
            fail(FAIL_NOT_FOUND, "lstat %s: a file of the kernel's own", tar_shown(path));
    }
    close(handle);
}

/* Puts `name` before what is left to resolve. */
static void prepend(char rest[TAR_PATH_MAX + 1], const char *name)
{
    size_t size = strlen(name), old = strlen(rest);
    if (size + 1 + old > TAR_PATH_MAX)
        fail(FAIL_INVALID, "a link's target is longer than %d bytes", TAR_PATH_MAX);
    memmove(rest + size + 1, rest, old + 1);
    memcpy(rest, name, size);
    rest[size] = '/';
}

void lookup_target(const char *path, char target[TAR_PATH_MAX + 1])
{
    char rest[TAR_PATH_MAX + 1], name[TAR_PATH_MAX + 1], link[TAR_PATH_MAX + 1];
    size_t used = 0;
    int links = 0;
    strcpy(rest, path);
    target[0] = '\0';
    for (;;) {
        size_t from = strspn(rest, "/"), length = strcspn(rest + from, "/");
        if (length == 0) break;
        memcpy(name, rest + from, length);
        name[length] = '\0';
        memmove(rest, rest + from + length, strlen(rest + from + length) + 1);
        if (strcmp(name, ".") == 0) continue;
        if (strcmp(name, "..") == 0) {
            while (used > 0 && target[--used] != '/') continue;
            target[used] = '\0';
            continue;
        }
        if (used + 1 + length > TAR_PATH_MAX)
            fail(FAIL_INVALID, "a link's target is longer than %d bytes", TAR_PATH_MAX);
        target[used] = '/';
        memcpy(target + used + 1, name, length + 1);
        int fd = lookup_open(target, O_PATH | O_NOFOLLOW);
        ssize_t size = fd < 0 ? -1 : readlinkat(fd, "", link, sizeof link - 1);
        if (fd >= 0) close(fd);
        if (size <= 0) {
            used += 1 + length;
            continue;
        }
        if (++links > LINKS_MAX)
            fail(FAIL_SYSTEM, "lstat %s: too many levels of symbolic links", tar_shown(path));
        link[size] = '\0';
        if (link[0] == '/') used = 0;
        target[used] = '\0';
        prepend(rest, link);
    }
    if (used == 0) strcpy(target, "/");
}

unsigned int lookup_go_mode(mode_t mode)
{
    /* os.ModeDir and so on: bits from the top. */
    enum {
        DIR = 31,
        SYMLINK = 27,
        DEVICE = 26,
        PIPE = 25,
        SOCKET = 24,
        SETUID = 23,
        SETGID = 22,
        CHARACTER = 21,
        STICKY = 20
    };
    unsigned int bits = mode & 0777;
    if (S_ISDIR(mode)) bits |= 1u << DIR;
    if (S_ISLNK(mode)) bits |= 1u << SYMLINK;
    if (S_ISBLK(mode)) bits |= 1u << DEVICE;
    if (S_ISCHR(mode)) bits |= 1u << DEVICE | 1u << CHARACTER;
    if (S_ISFIFO(mode)) bits |= 1u << PIPE;
    if (S_ISSOCK(mode)) bits |= 1u << SOCKET;
    if (mode & S_ISUID) bits |= 1u << SETUID;
    if (mode & S_ISGID) bits |= 1u << SETGID;
    if (mode & S_ISVTX) bits |= 1u << STICKY;
    return bits;
}
