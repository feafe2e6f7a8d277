/*
 * The tar format: ustar, pax and GNU headers turned into entries. Reads what Go's archive/tar and GNU tar
 * write and takes every field as hostile: a header that is wrong ends the program with a sentence.
 */
#ifndef TD_LAYER_TAR_H
#define TD_LAYER_TAR_H

#include "td-layer/input.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { TAR_BLOCK = 512, TAR_PATH_MAX = 4095 };

struct tar_xattr {
    char *name;
    unsigned char *value;
    size_t size;
};

/* A piece of a sparse file that holds data. */
struct tar_extent {
    uint64_t offset, size;
};

struct tar_entry {
    char type; /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory, '6' FIFO */
    char *name, *link; /* as in the archive, never NULL */
    mode_t mode;       /* permission bits, with setuid, setgid, sticky */
    uid_t uid;
    gid_t gid;
    unsigned int major, minor;
    struct timespec mtime;
    uint64_t size;   /* of the file, holes included */
    uint64_t stored; /* bytes of data that follow in the archive */
    struct tar_xattr *xattrs;
    size_t xattr_count;
    bool sparse;
    struct tar_extent *extents; /* in order, within the size, `stored` bytes together */
    size_t extent_count;
};

struct tar {
    struct input *input;
    struct tar_entry entry;
    uint64_t remaining; /* of the entry's data */
    unsigned int padding;
    bool started;
};

/* The next entry, valid until the next call; NULL at the end of the archive. Data not taken is skipped. */
struct tar_entry *tar_next(struct tar *tar);

/* Up to `most` bytes of the entry's data in one piece; 0 when all is taken. */
size_t tar_data(struct tar *tar, size_t most, const unsigned char **data);

/* The entry's name for a sentence: cut where it is long. The last four results stay valid. */
const char *tar_shown(const char *name);

#endif
