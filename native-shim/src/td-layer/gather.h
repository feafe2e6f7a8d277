/*
 * What a step of a build takes from its context or from another stage: which files its patterns mean, and what is in them. The
 * digests are what the build cache knows a step by.
 */
#ifndef TD_LAYER_GATHER_H
#define TD_LAYER_GATHER_H

#include <stddef.h>

/*
 * This process's root is the tree. Words: "owners" (they count, too), "list" (tell of all that lies below, and no digests),
 * "exclude" PATH, "pattern" PATTERN. Prints, for every path that a pattern means, one line of JSON: number of the pattern,
 * path, the same without links, type (f, d), digest.
 */
void gather(char *const *words, size_t count);

#endif
