/* Puts files into the root that a step of a build makes: from the context, or from another stage. */
#ifndef TD_LAYER_PLACE_H
#define TD_LAYER_PLACE_H

#include "td-layer/root.h"

/*
 * Opens the tree that is copied from: one directory, or several layers (topmost first, NULL at the end), merged on the directory
 * `scratch`, which shows nothing of it afterwards. A descriptor that leads to nothing else. In a mount namespace of its own.
 */
int place_open_source(const char *const *source, const char *scratch);

/*
 * This process's root is where things go. Words, which are followed in this order: "chown" OWNER, "chmod" OCTAL, "exclude" PATH,
 * for all that comes after them; "mkdir" PATH; "copy" FROM TO NAME (copy.h, copy_into).
 */
void place(int source, char *const *words, size_t count);

#endif
