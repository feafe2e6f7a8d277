/* The data of regular files: written without the zeros, sparse files with their holes. */
#ifndef TD_LAYER_FILE_H
#define TD_LAYER_FILE_H

#include "td-layer/tar.h"
#include "td-layer/tree.h"

/* A hole is made of whole blocks of the page cache; less is not worth an extent. */
enum { FILE_HOLE = 4096 };

/* Whether `size` bytes, at least one, are all zero. */
bool file_is_zero(const void *data, size_t size);

/* Fills the new file `fd` with the data of the archive's entry. */
void file_write(struct tree *tree, struct tar *tar, int fd);

#endif
