/* Sparse files in the four forms that GNU tar has had: which pieces of the file the archive holds. */
#ifndef TD_LAYER_SPARSE_H
#define TD_LAYER_SPARSE_H

#include "td-layer/header.h"
#include "td-layer/pax.h"

/* The next number of a map: offsets and sizes take turns. */
void sparse_add(struct pax *pax, uint64_t number);

/* Old GNU ('S'): the map is in the header and in blocks behind it. */
void sparse_read_gnu(const struct header *header, struct input *input, struct tar_entry *entry);

/* pax: 0.0 and 0.1 said it in the extended header, 1.0 before the data. Does nothing for other files. */
void sparse_read_pax(struct pax *pax, struct input *input, struct tar_entry *entry);

#endif
