#include "td-layer/header.h"
#include "td-layer/fail.h"

#include <stdlib.h>
#include <string.h>

bool header_is_zero(const struct header *header)
{
    static const struct header ZERO;
    return memcmp(header, &ZERO, sizeof ZERO) == 0;
}

bool header_checksum_fits(const struct header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    const size_t from = offsetof(struct header, checksum), to = from + sizeof header->checksum;
    int64_t as_unsigned = 0, as_signed = 0, told;
    for (size_t i = 0; i < sizeof *header; i++) {
        unsigned char byte = i >= from && i < to ? ' ' : bytes[i];
        as_unsigned += byte;
        as_signed += (signed char)byte; /* some old tars summed so */
    }
    return header_number(header->checksum, sizeof header->checksum, &told) &&
           (told == as_unsigned || told == as_signed);
}

bool header_number(const char *field, size_t size, int64_t *number)
{
    const unsigned char *s = (const unsigned char *)field;
    if (s[0] & 0x80) {
        /* Two's complement, big endian, its first bit replaced by the mark: the second is the sign. */
        bool negative = s[0] & 0x40;
        uint64_t value = negative ? UINT64_MAX : 0;
        for (size_t i = 0; i < size; i++) {
            unsigned char byte = i > 0 ? s[i] : negative ? s[0] : s[0] & 0x7f;
            if (value >> 55 != (negative ? 0x1ff : 0)) return false; /* does not fit into 63 bits */
            value = value << 8 | byte;
        }
        *number = (int64_t)value;
        return true;
    }
    size_t i = 0;
    uint64_t value = 0;
    while (i < size && (s[i] == ' ' || s[i] == '\0')) i++;
    for (; i < size && s[i] >= '0' && s[i] <= '7'; i++) value = value << 3 | (uint64_t)(s[i] - '0');
    while (i < size && s[i] == ' ') i++;
    if (i < size && s[i] != '\0') return false; /* what is behind a NUL does not count, as with Go */
    *number = (int64_t)value;                   /* twelve digits are 36 bits */
    return true;
}

static char *text(const char *field, size_t size)
{
    size_t length = strnlen(field, size);
    char *copy = allocate(length + 1);
    memcpy(copy, field, length);
    return copy;
}

static char *prefixed(const char *prefix, size_t size, char *name)
{
    size_t length = strnlen(prefix, size), rest = strlen(name);
    if (length == 0) return name;
    char *joined = allocate(length + 1 + rest + 1);
    memcpy(joined, prefix, length);
    joined[length] = '/';
    memcpy(joined + length + 1, name, rest);
    free(name);
    return joined;
}

static int64_t number(const char *field, size_t size, const char *what, const char *name)
{
    int64_t value;
    if (!header_number(field, size, &value))
        fail(FAIL_INVALID, "entry \"%s\" has a %s that is not a number", tar_shown(name), what);
    return value;
}

#define NUMBER(field) number(header->field, sizeof header->field, #field, entry->name)

void header_read(const struct header *header, struct tar_entry *entry)
{
    entry->name = text(header->name, sizeof header->name);
    entry->link = text(header->link, sizeof header->link);
    if (memcmp(header->magic, "ustar\0", 6) == 0) {
        /* Joerg Schilling's tar keeps times in the last 24 bytes of the prefix and signs with its name. */
        bool star = memcmp(header->rest + 8, "tar\0", 4) == 0;
        entry->name = prefixed(header->prefix, star ? 131 : sizeof header->prefix, entry->name);
    }
    int64_t uid = NUMBER(uid), gid = NUMBER(gid), size = NUMBER(size), mode = NUMBER(mode),
            mtime = NUMBER(mtime);
    /* (uid_t)-1 means "leave it" to chown(2), and 2^32 would be taken for 0. */
    if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
        fail(FAIL_INVALID, "entry \"%s\" has an impossible owner", tar_shown(entry->name));
    if (size < 0) fail(FAIL_INVALID, "entry \"%s\" has a negative size", tar_shown(entry->name));
    entry->uid = (uid_t)uid;
    entry->gid = (gid_t)gid;
    entry->mode = (mode_t)mode & 07777;
    entry->mtime.tv_sec = mtime;
    entry->stored = entry->size = (uint64_t)size;
    entry->type = header->type ? header->type : '0';
    if (header->type == '\0' && entry->name[0] && entry->name[strlen(entry->name) - 1] == '/')
        entry->type = '5';
    if (entry->type == '7') entry->type = '0';
    if (entry->type == '3' || entry->type == '4') {
        int64_t major = NUMBER(major), minor = NUMBER(minor);
        if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
            fail(FAIL_INVALID, "entry \"%s\" has an impossible device number", tar_shown(entry->name));
        entry->major = (unsigned int)major;
        entry->minor = (unsigned int)minor;
    }
}
