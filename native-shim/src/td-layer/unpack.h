/* The verb unpack: a layer becomes a directory that overlayfs can use. */
#ifndef TD_LAYER_UNPACK_H
#define TD_LAYER_UNPACK_H

#include "td-layer/input.h"

/*
 * Reads a layer from `input` into the empty directory open as `directory` and prints the result. Whiteouts
 * become overlayfs's:
 * `.wh.x` a device 0/0, `.wh..wh..opq` the attribute trusted.overlay.opaque.
 */
void unpack(struct input *input, int directory);

#endif
