/*
 * Copies what an image has at a path into a directory of the host: a volume that is used for the first time; and what a build
 * takes from its context or another stage into the root that it makes.
 */
#ifndef TD_LAYER_COPY_H
#define TD_LAYER_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Makes the layers (topmost first) the root of this process, read-only, and gives up what confine() gives up. Returns the
 * root; *TARGET becomes a descriptor of the directory PATH, by which alone it can be reached.
 */
int copy_confine(const char *path, char *const *layers, int *target);

/*
 * Copies what is in the directory PATH below ROOT into the open directory TARGET, with owners, modes, times,
 * extended attributes and hard links; owner, mode and attributes of the directory itself too. False where PATH is no
 * directory of the root. Never returns where it fails.
 */
bool copy_tree(int root, const char *path, int target);

struct copy_options {
    bool merge; /* what is in the target already: directories are added to, files replaced */
    bool owner; /* everything belongs to uid and gid */
    uid_t uid;
    gid_t gid;
    const char *mode;      /* what becomes of modes (mode-change.h), or NULL */
    char *const *excludes; /* paths below the source's root that are left out, sorted */
    size_t exclude_count;
};

/*
 * Copies what lies at PATH below SOURCE_ROOT into the tree ROOT: a directory's content into the directory TO, a file to TO or,
 * where that is a directory or ends in a slash, as NAME in it. No lookup leaves either root. Directories above are made.
 */
void copy_into(int source_root, const char *path, int root, const char *to, const char *name,
               const struct copy_options *options);

/* Makes a directory of the tree ROOT with all above it. */
void copy_make_directory(int root, const char *path, const struct copy_options *options);

#endif
