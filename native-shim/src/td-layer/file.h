/* The data of regular files: written without the zeros, sparse files with their holes. */
#ifndef TD_LAYER_FILE_H
#define TD_LAYER_FILE_H

#include "td-layer/tar.h"
#include "td-layer/tree.h"

/* Fills the new file `fd` with the data of the archive's entry. */
void file_write(struct tree *tree, struct tar *tar, int fd);

#endif
