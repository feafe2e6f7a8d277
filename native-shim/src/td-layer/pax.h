/* Extended headers: records "<length> <key>=<value>\n" that say more about the next entry (POSIX pax). */
#ifndef TD_LAYER_PAX_H
#define TD_LAYER_PAX_H

#include "td-layer/tar.h"

/* What an extended header said. Strings are NULL and `has` false where it said nothing. */
struct pax {
    char *path, *link;
    struct {
        bool uid, gid, size, mtime, real_size;
    } has;
    uint64_t size, real_size;
    uid_t uid;
    gid_t gid;
    struct timespec mtime;
    struct tar_xattr *xattrs;
    size_t xattr_count;
    /* GNU.sparse.*: 0.0 and 0.1 give the map here, 1.0 puts it before the data. */
    int sparse_major, sparse_minor;
    char *sparse_name;
    struct tar_extent *extents;
    size_t extent_count, extent_room;
    bool extent_open; /* an offset whose size is yet to come */
    bool sparse;
};

/* Reads the records in `data`, which is changed. */
void pax_read(struct pax *pax, char *data, size_t size);

/* Puts what was said into the entry; strings and lists change hands. */
void pax_apply(struct pax *pax, struct tar_entry *entry);

void pax_free(struct pax *pax);

#endif
