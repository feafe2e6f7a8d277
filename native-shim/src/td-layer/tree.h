/*
 * The tree that is being written. Names are resolved by the kernel below one directory (openat2,
 * RESOLVE_IN_ROOT): symbolic links in them mean what they would mean to a process whose root it is, and
 * nothing leads out.
 */
#ifndef TD_LAYER_TREE_H
#define TD_LAYER_TREE_H

#include "td-layer/tar.h"

struct tree {
    int root;   /* O_PATH */
    int parent; /* the directory of the last entry, -1 for none */
    char parent_path[TAR_PATH_MAX + 1];
    uint64_t size;          /* bytes of files, each once, and of symbolic links */
    uint64_t entries;       /* files of any kind made */
    uint64_t unchecked;     /* bytes written since the last look at the free space */
    uint64_t most;          /* bytes that may be written at all */
    uint64_t reserve;       /* bytes that must stay free */
    uint64_t reserve_files; /* inodes that must stay free */
};

/* `directory` is an open directory, empty. Looks at the file system for how much it may take. */
void tree_open(struct tree *tree, int directory);

/*
 * A name from the archive as a path below the root: no slash at either end, no `.`, no empty component, `..`
 * taken off against what is before it; "" is the root. Fails when it leads out or is too long.
 */
void tree_clean(const char *name, char path[TAR_PATH_MAX + 1]);

/* The directory that holds `path`, made where it is missing, and the last component. The descriptor stays the
 * tree's. */
int tree_parent(struct tree *tree, const char *path, const char **base);

/* The same for something that must be there: a descriptor to be closed, or -1 with errno. */
int tree_find_parent(struct tree *tree, const char *path, const char **base);

/* Makes room for another kind of file. */
void tree_remove(struct tree *tree, int parent, const char *base);

/* Whether this is an overlay whiteout, and the mark that a directory hides all below it. */
bool tree_is_whiteout(int parent, const char *base);
void tree_make_opaque(int parent, const char *base);

/* Before each entry, and for each piece of data: fail while there is still room on the file system. */
void tree_count_entry(struct tree *tree);
void tree_count_bytes(struct tree *tree, uint64_t bytes);

#endif
