/* One path of a container, as `docker cp` means it. */
#ifndef TD_LAYER_LOOKUP_H
#define TD_LAYER_LOOKUP_H

#include "td-layer/tar.h"

#include <sys/stat.h>

struct lookup {
    struct stat stat;
    int fd;           /* of a directory, open for reading; else -1 */
    int parent;       /* of anything else: the directory that it is in, O_PATH */
    const char *base; /* a pointer into the path */
};

/* Opens an absolute path in this process's root; magic links lead nowhere. A CLOEXEC descriptor, or -1 with errno. */
int lookup_open(const char *path, int flags);

/*
 * Looks up an absolute path without `.` and `..` from this process's root. A symbolic link at its end is followed where
 * `follow` says so; magic links, and files of the kernel's own, are not there. Ends the program where it finds nothing.
 */
void lookup_path(const char *path, bool follow, struct lookup *found);

/* Where a symbolic link leads, as far as that exists (for the rest, its name): an absolute path. */
void lookup_target(const char *path, char target[TAR_PATH_MAX + 1]);

/* The mode in the form of Go's os.FileMode, which is what the API's `mode` is. */
unsigned int lookup_go_mode(mode_t mode);

#endif
