#include "td-layer/differ.h"
#include "json-escape.h"
#include "td-layer/fail.h"
#include "td-layer/walk.h"
#include "td-layer/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is told; the rest is counted. */
enum { TOLD_MAX = 20, SHOWN_MAX = 200, PIECE = 1 << 18 };

struct comparison {
    uint64_t count;
    char buffers[2][PIECE];
};

/* A directory that is compared: the state of a walk has to be a pointer. */
struct side {
    int fd;
};

static void tell(struct comparison *c, const char *path, const char *what)
{
    char shown[SHOWN_MAX + 1], escaped[SHOWN_MAX * JSON_ESCAPE_GROWTH + 1];
    if (c->count++ >= TOLD_MAX) return;
    snprintf(shown, sizeof shown, "%s", path);
    *json_escape(escaped, shown, strlen(shown)) = '\0';
    printf("%s{\"path\":\"%s\",\"what\":\"%s\"}", c->count > 1 ? "," : "", escaped, what);
}

/* Fills a buffer, or as much of it as the file has. */
static ssize_t fill(int fd, char *buffer)
{
    size_t have = 0;
    while (have < PIECE) {
        ssize_t size = read(fd, buffer + have, PIECE - have);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return -1;
        if (size == 0) break;
        have += (size_t)size;
    }
    return (ssize_t)have;
}

static const char *content_differs(struct comparison *c, int right, int here)
{
    for (;;) {
        ssize_t a = fill(right, c->buffers[0]), b = fill(here, c->buffers[1]);
        if (a < 0) fail_errno(errno, "read what was unpacked");
        if (b < 0) return "cannot be read";
        if (a != b || memcmp(c->buffers[0], c->buffers[1], (size_t)a) != 0) return "has another content";
        if (a == 0) return NULL;
    }
}

static const char *attributes_differ(int right, int here)
{
    struct tar_entry a = {0}, b = {0};
    const char *what = NULL;
    xattr_read(right, false, &a);
    xattr_read(here, false, &b);
    if (a.xattr_count != b.xattr_count) what = "has other attributes";
    for (size_t i = 0; !what && i < a.xattr_count; i++)
        if (strcmp(a.xattrs[i].name, b.xattrs[i].name) != 0 || a.xattrs[i].size != b.xattrs[i].size ||
            memcmp(a.xattrs[i].value, b.xattrs[i].value, a.xattrs[i].size) != 0)
            what = "has other attributes";
    xattr_free(&a);
    xattr_free(&b);
    return what;
}

static const char *link_differs(const struct walk_entry *entry, int here)
{
    char a[TAR_PATH_MAX + 1], b[TAR_PATH_MAX + 1];
    ssize_t size = readlinkat(entry->parent, entry->base, a, sizeof a);
    if (size != readlinkat(here, entry->base, b, sizeof b) || size < 0) return "leads elsewhere";
    return memcmp(a, b, (size_t)size) == 0 ? NULL : "leads elsewhere";
}

static const char *file_differs(struct comparison *c, const struct walk_entry *entry, int here)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int a = openat(entry->parent, entry->base, flags), b = openat(here, entry->base, flags);
    if (a < 0) fail_errno(errno, "open what was unpacked");
    const char *what = b < 0 ? "cannot be opened" : content_differs(c, a, b);
    if (!what) what = attributes_differ(a, b);
    close(a);
    if (b >= 0) close(b);
    return what;
}

/* What stat(2) tells besides the time. */
static const char *status_differs(const struct stat *a, const struct stat *b)
{
    if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT)) return "is of another kind";
    if (a->st_mode != b->st_mode) return "has another mode";
    if (a->st_uid != b->st_uid || a->st_gid != b->st_gid) return "has another owner";
    if ((S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) && a->st_rdev != b->st_rdev) return "is another device";
    if (S_ISREG(a->st_mode) && a->st_size != b->st_size) return "has another size";
    if (!S_ISDIR(a->st_mode) && a->st_nlink != b->st_nlink) return "has another number of names";
    return NULL;
}

/* A directory's changes with its names, which are looked at anyway; a whiteout has none of its own. */
static const char *time_differs(const struct stat *a, const struct stat *b)
{
    if (S_ISDIR(a->st_mode) || (S_ISCHR(a->st_mode) && a->st_rdev == 0)) return NULL;
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? "has another time" : NULL;
}

/* Names that should not be there. */
static void find_surplus(struct comparison *c, const char *path, int right, int here)
{
    size_t count;
    char **names = walk_names(here, &count);
    for (size_t i = 0; i < count; i++) {
        struct stat stat;
        char full[2 * TAR_PATH_MAX];
        if (fstatat(right, names[i], &stat, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
            snprintf(full, sizeof full, "%s%s%s", path, *path ? "/" : "", names[i]);
            tell(c, full, "is not of the layer");
        }
        free(names[i]);
    }
    free(names);
}

static void *visit(void *context, const struct walk_entry *entry)
{
    struct comparison *c = context;
    const struct side *side = entry->state;
    struct stat stat;
    if (fstatat(side->fd, entry->base, &stat, AT_SYMLINK_NOFOLLOW) < 0) {
        tell(c, entry->path, errno == ENOENT ? "is missing" : "cannot be looked at");
        return walk_skip;
    }
    const char *what = status_differs(&entry->stat, &stat);
    if (!what && S_ISLNK(stat.st_mode)) what = link_differs(entry, side->fd);
    if (!what && S_ISREG(stat.st_mode)) what = file_differs(c, entry, side->fd);
    if (!what) what = time_differs(&entry->stat, &stat);
    int fd = -1;
    if (!what && S_ISDIR(stat.st_mode)) {
        fd = openat(side->fd, entry->base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        what = fd < 0 ? "cannot be opened" : attributes_differ(entry->fd, fd);
        if (!what && xattr_is_opaque(entry->fd) != xattr_is_opaque(fd))
            what = "hides other files of lower layers";
    }
    if (what) tell(c, entry->path, what);
    if (fd < 0) return walk_skip;
    find_surplus(c, entry->path, entry->fd, fd);
    struct side *below = allocate(sizeof *below);
    below->fd = fd;
    return below;
}

static void left(void *context, const struct walk_entry *entry, void *state)
{
    struct side *side = state;
    (void)context, (void)entry;
    close(side->fd);
    free(side);
}

void differ(int right, int here)
{
    struct comparison *c = allocate(sizeof *c);
    struct side top = {.fd = here};
    const struct walk_visitor visitor = {.visit = visit, .left = left, .context = c};
    printf("{\"ok\":true,\"problems\":[");
    find_surplus(c, "", right, here);
    walk(right, &visitor, &top);
    printf("],\"count\":%" PRIu64 "}\n", c->count);
    free(c);
}
