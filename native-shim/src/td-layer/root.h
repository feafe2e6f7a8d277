/*
 * The root of a container as the root of this process. Of one that runs: its own mount namespace, joined by a handle of its
 * first process, so that everything mounted there is seen. Of any other: its layers and what the engine would mount on
 * them, put together in a mount namespace that nobody else sees.
 */
#ifndef TD_LAYER_ROOT_H
#define TD_LAYER_ROOT_H

#include "idmap.h"
#include "td-layer/confine.h"

#include <stdbool.h>
#include <stddef.h>

struct root_bind {
    const char *source, *target;
    const char *subpath; /* below the source, which it may not lead out of; NULL: the whole */
    bool read_only;
    bool optional; /* left out where the source is not there */
    bool of_host;  /* its files have the host's ids, and not the container's */
};

struct root_plan {
    int pidfd; /* of a process in the container; -1: it does not run */
    /* The rest is for one that does not run. */
    const char *scratch; /* a directory that a tmpfs may cover, in this process alone */
    const char *const
        *overlay; /* options with absolute paths, NULL at the end; below `scratch` there are upper and work */
    const struct root_bind *binds;
    size_t bind_count;
    /* Of the user namespace that it would have; empty without one. Ids of the host are shown as it would see them. */
    struct id_map uids, gids;
    bool read_only; /* its own files; what is mounted may be written to */
};

/*
 * Enters the root; the working directory is "/". No device can be opened there, nothing executed. `alone`: only the root's own file
 * system, with the bare directories that others are mounted on.
 */
void root_enter(const struct root_plan *plan, bool alone);

/* Into the root, and no way back: root_enter and confine_process. */
void confine_in_root(const struct root_plan *plan, bool alone, enum confine_work work, int last_fd);

/* The same as root_enter for two trees side by side: /root, the layers of the plan, and /changed, the directory `upper`. */
void root_enter_changes(const struct root_plan *plan, const char *upper);

#endif
