/* Names that a pattern of a Dockerfile means. */
#ifndef TD_LAYER_GLOB_H
#define TD_LAYER_GLOB_H

#include <stdbool.h>

/* Whether a name without slashes matches: `*`, `?`, `[a-z]`, `[^a-z]`, backslash, as Go's filepath.Match has it. */
bool glob_match(const char *pattern, const char *name);

/*
 * Calls `found` with every path below this process's root that an absolute pattern means, in the order of the names' bytes;
 * `**` means any number of directories. Links on the way are followed. False where the pattern is malformed.
 */
bool glob_expand(const char *pattern, void (*found)(void *context, const char *path), void *context);

#endif
