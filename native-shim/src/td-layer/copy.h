/* Copies what an image has at a path into a directory of the host: a volume that is used for the first time. */
#ifndef TD_LAYER_COPY_H
#define TD_LAYER_COPY_H

#include <stdbool.h>

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

#endif
