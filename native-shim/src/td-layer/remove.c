#include "td-layer/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * One descriptor a level; what lies deeper is moved up to the top and taken from there, so that no depth is
 * too much: a container can nest directories beyond PATH_MAX.
 */
enum { DEPTH_MAX = 64 };

struct removal {
    int top; /* the directory that deep ones are moved to */
    unsigned int moved;
    uint64_t *freed;
};

static int remove_file(int parent, const char *name, uint64_t *freed)
{
    struct stat stat;
    if (fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (unlinkat(parent, name, 0) < 0) return -errno;
    if (stat.st_nlink == 1 && (S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode)))
        *freed += (uint64_t)stat.st_size;
    return 0;
}

static int move_up(struct removal *removal, int parent, const char *name)
{
    char to[32];
    do {
        snprintf(to, sizeof to, ".moved-%u", removal->moved++);
        if (renameat2(parent, name, removal->top, to, RENAME_NOREPLACE) == 0) return 0;
    } while (errno == EEXIST);
    return -errno;
}

/* Empties the directory `fd`, which it closes. */
static int empty(struct removal *removal, int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int error = errno;
        close(fd);
        return -error;
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        bool directory = entry->d_type == DT_DIR;
        if (entry->d_type == DT_UNKNOWN) {
            struct stat stat;
            directory = fstatat(fd, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode);
        }
        if (!directory) {
            result = remove_file(fd, name, removal->freed);
        } else if (unlinkat(fd, name, AT_REMOVEDIR) < 0) {
            if (errno != ENOTEMPTY && errno != EEXIST)
                result = -errno;
            else if (depth == DEPTH_MAX)
                result = move_up(removal, fd, name);
            else {
                int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                result = child < 0 ? -errno : empty(removal, child, depth + 1);
                if (result == 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0) result = -errno;
            }
        }
    }
    if (result == 0 && errno) result = -errno;
    closedir(dir);
    return result;
}

int remove_tree(int parent, const char *name, uint64_t *freed)
{
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    if (errno == ENOTDIR) return remove_file(parent, name, freed);
    if (errno != ENOTEMPTY && errno != EEXIST) return -errno;
    struct removal removal = {.freed = freed};
    removal.top = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (removal.top < 0) return -errno;
    int result;
    do {
        unsigned int before = removal.moved;
        int fd = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = fd < 0 ? -errno : empty(&removal, fd, 0);
        if (result == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0) result = -errno;
        if (removal.moved == before) break; /* nothing is left to come down from */
    } while (result == -ENOTEMPTY || result == -EEXIST);
    close(removal.top);
    return result;
}
