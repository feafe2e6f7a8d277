/* The fixed block before every entry: POSIX ustar, GNU and old forms. */
#ifndef TD_LAYER_HEADER_H
#define TD_LAYER_HEADER_H

#include "td-layer/tar.h"

/* Where the fields lie in the block. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "a tar header is one block");

bool header_is_zero(const struct header *header);
bool header_checksum_fits(const struct header *header);

/* The number in a field: octal digits, or binary with the first bit set (GNU). False when it is neither. */
bool header_number(const char *field, size_t size, int64_t *number);

/* Fills an empty entry: names, numbers, type. */
void header_read(const struct header *header, struct tar_entry *entry);

#endif
