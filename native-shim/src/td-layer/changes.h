/* What a container has changed: its own layer beside those below it. */
#ifndef TD_LAYER_CHANGES_H
#define TD_LAYER_CHANGES_H

#include <stdint.h>

/*
 * Writes one record for every change to stdout, in the order of paths, a directory before what it holds: "C", "A" or "D", the absolute
 * path, and a NUL. `changed` is the upper directory of an overlay, `root` the merged layers below it.
 */
void changes_print(int changed, int root);

/* Bytes of the files in a tree, each once, without its directories. */
uint64_t size_of(int directory);

#endif
