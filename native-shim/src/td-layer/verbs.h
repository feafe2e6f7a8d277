/*
 * The verbs that read archives or make digests. They take libarchive and libcrypto, which cost more to load than most other verbs take: td-tree
 * is td-layer without them.
 */
#ifndef TD_LAYER_VERBS_H
#define TD_LAYER_VERBS_H

#include "td-layer/arguments.h"

#include <stdbool.h>

/* With `keep`, what is read goes to descriptor 3 as well. */
int verb_unpack(const char *path, bool keep);
int verb_decompress(const char *path);
/* From descriptor 4 to descriptor 3. */
int verb_compress(const char *path);
int verb_extract(const struct arguments *arguments);

/* Of a build; see main.c. */
int verb_context(const char *path);
int verb_probe(const char *path);
int verb_gather(const struct arguments *arguments);
int verb_place(const struct arguments *arguments);

#endif
