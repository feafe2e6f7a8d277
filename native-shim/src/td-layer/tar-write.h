/*
 * Entries turned into headers: ustar, and pax records for what does not fit into it (names of more than 100 bytes or
 * beyond ASCII, large numbers, attributes), as Go's archive/tar writes them.
 */
#ifndef TD_LAYER_TAR_WRITE_H
#define TD_LAYER_TAR_WRITE_H

#include "td-layer/output.h"
#include "td-layer/tar.h"

/* The headers of an entry. Of its members, `stored`, `sparse` and `extents` are not used; times are whole seconds. */
void tar_write_header(struct output *output, const struct tar_entry *entry);

/* What fills the last block of a file. */
void tar_write_padding(struct output *output, uint64_t size);

/* The two empty blocks at the end. */
void tar_write_end(struct output *output);

#endif
