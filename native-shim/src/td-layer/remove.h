/* Removing file trees of any depth, whatever their names, without following a link. */
#ifndef TD_LAYER_REMOVE_H
#define TD_LAYER_REMOVE_H

#include <stdint.h>

/*
 * Removes `name` in `parent`, a tree or a single file; one that is not there is no error. Returns 0 or
 * -errno. Adds to `freed` what the files counted for: their size, where that was their last name, and the
 * length of symbolic links.
 */
int remove_tree(int parent, const char *name, uint64_t *freed);

#endif
