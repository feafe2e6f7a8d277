/* The command line of the verbs that work in a container's root. */
#ifndef TD_LAYER_ARGUMENTS_H
#define TD_LAYER_ARGUMENTS_H

#include "td-layer/root.h"

struct arguments {
    struct root_plan plan;
    const char *path, *name, *upper;
    const char *owner;   /* user[:group], as `docker run -u` has it; NULL: whatever the archive says */
    const char **source; /* directories to copy from, topmost first, NULL at the end */
    bool follow, chunked, keep_kind;
};

/* Reads the options; false where one is unknown or lacks its value. Strings stay those of `argv`. */
bool arguments_read(char **argv, struct arguments *arguments);

#endif
