#include "td-layer/walk.h"
#include "td-layer/fail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char walk_skip[1];

struct position {
    const struct walk_visitor *visitor;
    size_t length;
    char path[TAR_PATH_MAX + 1];
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **walk_names(int fd, size_t *count)
{
    char **names = NULL;
    size_t room = 0;
    *count = 0;
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a position of its own */
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir) fail_errno(errno, "open a directory");
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno) fail_errno(errno, "read a directory");
        if (!entry) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (*count == room) {
            room = room ? 2 * room : 64;
            names = reallocate(names, room * sizeof *names);
        }
        names[(*count)++] = strcpy(allocate(strlen(entry->d_name) + 1), entry->d_name);
    }
    closedir(dir);
    if (*count > 0) qsort(names, *count, sizeof *names, compare);
    return names;
}

static void walk_directory(struct position *at, int fd, void *state);

static void walk_one(struct position *at, int parent, const char *name, void *state)
{
    const struct walk_visitor *visitor = at->visitor;
    struct walk_entry entry = {.path = at->path, .parent = parent, .base = name, .fd = -1, .state = state};
    if (fstatat(parent, name, &entry.stat, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT) return; /* it has gone meanwhile */
        fail_errno(errno, "look at \"%s\"", tar_shown(at->path));
    }
    if (S_ISDIR(entry.stat.st_mode)) {
        entry.fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* It has gone, or something else has taken its place. */
        if (entry.fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return;
        /* Deeper than there are descriptors: nobody's path leads there (PATH_MAX). */
        if (entry.fd < 0 && errno == EMFILE && visitor->nameless) return;
        if (entry.fd < 0 || fstat(entry.fd, &entry.stat) < 0)
            fail_errno(errno, "open the directory \"%s\"", tar_shown(at->path));
    }
    void *below = visitor->visit(visitor->context, &entry);
    if (entry.fd < 0) return;
    if (below != walk_skip) {
        walk_directory(at, entry.fd, below);
        if (visitor->left) visitor->left(visitor->context, &entry, below);
    }
    close(entry.fd);
}

/* Puts a name behind the path; false where it does not fit and does not have to. */
static bool extend(struct position *at, const char *name)
{
    size_t size = strlen(name);
    if (at->length + 1 + size > TAR_PATH_MAX) {
        if (at->visitor->nameless) return false;
        fail(FAIL_INVALID, "\"%s\" has names of more than %d bytes below it", tar_shown(at->path),
             TAR_PATH_MAX);
    }
    if (at->length > 0) at->path[at->length++] = '/';
    memcpy(at->path + at->length, name, size + 1);
    at->length += size;
    return true;
}

static void walk_directory(struct position *at, int fd, void *state)
{
    size_t count, before = at->length;
    char **names = walk_names(fd, &count);
    for (size_t i = 0; i < count; i++) {
        extend(at, names[i]);
        walk_one(at, fd, names[i], state);
        at->length = before;
        at->path[before] = '\0';
        free(names[i]);
    }
    free(names);
}

void walk(int fd, const struct walk_visitor *visitor, void *state)
{
    struct position *at = allocate(sizeof *at);
    at->visitor = visitor;
    walk_directory(at, fd, state);
    free(at);
}
