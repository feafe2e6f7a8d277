#include "td-layer/changes.h"
#include "td-layer/fail.h"
#include "td-layer/tree.h"
#include "td-layer/walk.h"
#include "td-layer/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A directory on the way. It is only told of when something in it has changed, or itself: overlayfs copies up every
 * directory above a change.
 */
struct level {
    struct level *above;
    const char *path;
    int lower; /* the same directory below, O_PATH; -1 for none */
    bool told;
};

static void tell(char kind, const char *path)
{
    printf("%c/%s%c", kind, path, '\0');
}

/* The directories above a change, outermost first. */
static void tell_above(struct level *level)
{
    if (!level || level->told) return;
    tell_above(level->above);
    tell('C', level->path);
    level->told = true;
}

static void change(struct level *level, char kind, const char *path)
{
    tell_above(level);
    tell(kind, path);
}

/* With size, since inode numbers and change times differ anyway. */
static bool same_directory(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What is no longer there of a directory that hides the lower one. */
static void tell_hidden(struct level *level, int upper)
{
    size_t count;
    char **names, path[TAR_PATH_MAX + 256];
    struct stat stat;
    int lower = openat(level->lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lower < 0) fail_errno(errno, "open \"%s\" of the image", tar_shown(level->path));
    names = walk_names(lower, &count);
    for (size_t i = 0; i < count; i++) {
        if (fstatat(upper, names[i], &stat, AT_SYMLINK_NOFOLLOW) < 0) {
            snprintf(path, sizeof path, "%s/%s", level->path, names[i]);
            change(level, 'D', path);
        }
        free(names[i]);
    }
    free(names);
    close(lower);
}

static void *visit(void *context, const struct walk_entry *entry)
{
    struct level *above = entry->state;
    struct stat lower;
    bool there = above->lower >= 0 && fstatat(above->lower, entry->base, &lower, AT_SYMLINK_NOFOLLOW) == 0;
    (void)context;
    if (tree_is_whiteout(entry->parent, entry->base)) {
        if (there) change(above, 'D', entry->path);
        return NULL;
    }
    bool merged = there && S_ISDIR(lower.st_mode) && entry->fd >= 0;
    bool same = merged && same_directory(&entry->stat, &lower);
    if (!same) change(above, there ? 'C' : 'A', entry->path);
    if (entry->fd < 0) return NULL;

    struct level *level = allocate(sizeof *level);
    *level = (struct level){.above = above, .lower = -1, .told = !same};
    level->path = strcpy(allocate(strlen(entry->path) + 1), entry->path);
    if (merged) {
        level->lower = openat(above->lower, entry->base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (level->lower < 0) fail_errno(errno, "open \"%s\" of the image", tar_shown(entry->path));
        if (xattr_is_opaque(entry->fd)) tell_hidden(level, entry->fd);
    }
    return level;
}

static void left(void *context, const struct walk_entry *entry, void *state)
{
    struct level *level = state;
    (void)context, (void)entry;
    if (level->lower >= 0) close(level->lower);
    free((char *)level->path);
    free(level);
}

void changes_print(int changed, int root)
{
    const struct walk_visitor visitor = {.visit = visit, .left = left};
    struct level top = {.path = "", .lower = root, .told = true};
    walk(changed, &visitor, &top);
}

struct sum {
    uint64_t bytes;
    void *seen; /* inodes with several names */
};

static int compare(const void *a, const void *b)
{
    ino_t left_inode = *(const ino_t *)a, right_inode = *(const ino_t *)b;
    return left_inode < right_inode ? -1 : left_inode > right_inode;
}

static void *add(void *context, const struct walk_entry *entry)
{
    struct sum *sum = context;
    const struct stat *stat = &entry->stat;
    if (entry->fd >= 0) return NULL;
    if (stat->st_nlink > 1) {
        ino_t *inode = allocate(sizeof *inode), **found;
        *inode = stat->st_ino;
        found = tsearch(inode, &sum->seen, compare);
        if (!found) fail(FAIL_SYSTEM, "no memory for an inode");
        if (*found != inode) {
            free(inode);
            return NULL;
        }
    }
    sum->bytes += (uint64_t)stat->st_size;
    return NULL;
}

uint64_t size_of(int directory)
{
    struct sum sum = {0};
    const struct walk_visitor visitor = {.visit = add, .context = &sum, .nameless = true};
    walk(directory, &visitor, NULL);
    tdestroy(sum.seen, free);
    return sum.bytes;
}
