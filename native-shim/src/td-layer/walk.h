/*
 * A walk through a tree that may change meanwhile: by descriptors, through no symbolic link, every directory in the
 * order of its names' bytes, so that the same tree always gives the same archive.
 */
#ifndef TD_LAYER_WALK_H
#define TD_LAYER_WALK_H

#include "td-layer/tar.h"

#include <sys/stat.h>

struct walk_entry {
    const char *path; /* from the top, without a slash at either end; "" is the top itself */
    const char *base;
    int parent; /* the directory that it is in, open for reading */
    int fd;     /* of a directory: itself, open for reading; else -1 */
    struct stat stat;
    void *state; /* what the visit of the directory above it has returned */
};

/* Where a visit of a directory returns this, what it holds is not visited. */
extern char walk_skip[];

/*
 * Called for every entry, a directory before what it holds. What it returns for a directory is the `state` of what that
 * holds. `left` (or NULL) is called when all of a directory has been visited, with what its own visit has returned.
 */
struct walk_visitor {
    void *(*visit)(void *context, const struct walk_entry *entry);
    void (*left)(void *context, const struct walk_entry *entry, void *state);
    void *context;
    bool nameless; /* paths are not asked for: where they are too long they end early, and nothing fails */
};

/* Walks below the directory `fd`, which is not visited itself and stays open. */
void walk(int fd, const struct walk_visitor *visitor, void *state);

/* All names in an open directory but "." and "..", sorted; both the list and every name are to be freed. */
char **walk_names(int fd, size_t *count);

#endif
