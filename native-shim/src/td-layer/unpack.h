/* The verbs unpack and extract: an archive becomes files. */
#ifndef TD_LAYER_UNPACK_H
#define TD_LAYER_UNPACK_H

#include "td-layer/input.h"

#include <sys/types.h>

struct unpack_options {
    /*
     * A layer: whiteouts become overlayfs's, `.wh.x` a device 0/0, `.wh..wh..opq` the attribute trusted.overlay.opaque. Else an
     * archive for a container's files, where these are names like others.
     */
    bool layer;
    bool keep_kind; /* a directory takes no other file's place, nor the other way round */
    bool owner;     /* everything belongs to uid and gid, whatever the archive says */
    uid_t uid;
    gid_t gid;
    dev_t root_device; /* the only file system that takes devices */
    const char *shown; /* the directory's name for sentences */
};

/* Reads an archive from `input` into the directory open as `directory` (a layer: empty) and prints the result. */
void unpack(struct input *input, int directory, const struct unpack_options *options);

#endif
