/* A tree, or one file, as a tar archive. Of all that is there only regular files are opened. */
#ifndef TD_LAYER_PACK_H
#define TD_LAYER_PACK_H

#include "td-layer/output.h"

#include <sys/stat.h>

struct pack_options {
    /* What stands before every name: "dir/", "./", "/", or "". */
    const char *prefix;
    /* Overlay's whiteouts and opaque directories become those of a layer. Names that would mean these are refused. */
    bool layer;
    /* Whether `fd` is the container's root: what the engine mounts on /dev is left out. */
    bool root;
};

/* The directory `fd`, itself first if `name` is not NULL, and the end of the archive. */
void pack_directory(struct output *output, int fd, const char *name, const struct pack_options *options);

/* What is not a directory, as the entry `name`: `base` in the directory `parent`. */
void pack_file(struct output *output, int parent, const char *base, const char *name);

#endif
