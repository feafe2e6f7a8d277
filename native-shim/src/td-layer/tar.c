#include "td-layer/tar.h"
#include "td-layer/fail.h"
#include "td-layer/header.h"
#include "td-layer/pax.h"
#include "td-layer/sparse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an extended header or a long name may take, as in Go's archive/tar. */
enum { SPECIAL_MAX = 1 << 20 };

static void entry_free(struct tar_entry *entry)
{
    free(entry->name);
    free(entry->link);
    free(entry->extents);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        free(entry->xattrs[i].name);
        free(entry->xattrs[i].value);
    }
    free(entry->xattrs);
    *entry = (struct tar_entry){0};
}

size_t tar_data(struct tar *tar, size_t most, const unsigned char **data)
{
    if (tar->remaining < most) most = (size_t)tar->remaining;
    size_t size = input_take(tar->input, most, data);
    if (most > 0 && size == 0)
        fail(FAIL_INVALID, "the %s ends within the file \"%s\"", fail_subject, tar_shown(tar->entry.name));
    tar->remaining -= size;
    return size;
}

/* Puts the stream behind the entry's data. */
static void finish_entry(struct tar *tar)
{
    if (!input_skip(tar->input, tar->remaining))
        fail(FAIL_INVALID, "the %s ends within the file \"%s\"", fail_subject, tar_shown(tar->entry.name));
    /* Go and GNU tar both accept an archive that ends without the padding of its last file. */
    input_skip(tar->input, tar->padding);
    tar->remaining = tar->padding = 0;
    entry_free(&tar->entry);
}

/* False at the end: two blocks of zeros, or where the stream ends. */
static bool read_header(struct tar *tar, struct header *header)
{
    const unsigned char *first;
    size_t have = input_take(tar->input, sizeof *header, &first);
    if (have == 0) return false;
    memcpy(header, first, have);
    if (!input_read(tar->input, (char *)header + have, sizeof *header - have))
        fail(FAIL_INVALID, tar->started ? "the %s ends within a header" : "the %s is not a tar archive",
             fail_subject);
    if (header_is_zero(header)) {
        bool more = input_read(tar->input, header, sizeof *header);
        if (!more || header_is_zero(header)) return false;
        fail(FAIL_INVALID, "the %s has a header of zeros within", fail_subject);
    }
    if (!header_checksum_fits(header))
        fail(FAIL_INVALID,
             tar->started ? "the %s has a header with a wrong checksum" : "the %s is not a tar archive",
             fail_subject);
    tar->started = true;
    return true;
}

/* The contents of an extended header or long name, with a NUL behind. */
static char *read_special(struct tar *tar, uint64_t size)
{
    if (size > SPECIAL_MAX)
        fail(FAIL_INVALID, "the %s has an extended header of more than %d bytes", fail_subject, SPECIAL_MAX);
    char *data = allocate(size + 1);
    if (!input_read(tar->input, data, size) || !input_skip(tar->input, -size % TAR_BLOCK))
        fail(FAIL_INVALID, "the %s ends within a header", fail_subject);
    return data;
}

static void replace(char **field, char *value)
{
    free(*field);
    *field = value;
}

struct tar_entry *tar_next(struct tar *tar)
{
    struct tar_entry *entry = &tar->entry;
    struct header header;
    struct pax pax = {0};
    char *long_name = NULL, *long_link = NULL;
    finish_entry(tar);
    while (read_header(tar, &header)) {
        header_read(&header, entry);
        char type = entry->type;
        if (type == 'x' || type == 'X' || type == 'L' || type == 'K' || type == 'g' || type == 'V') {
            uint64_t size = entry->stored;
            entry_free(entry);
            char *data = read_special(tar, size);
            if (type == 'L')
                replace(&long_name, data);
            else if (type == 'K')
                replace(&long_link, data);
            else if (type == 'x' || type == 'X')
                pax_read(&pax, data, size), free(data);
            else
                free(data); /* a global header or a volume's label says nothing about files */
            continue;
        }
        if (long_name) replace(&entry->name, long_name);
        if (long_link) replace(&entry->link, long_link);
        pax_apply(&pax, entry);
        /* Links, devices, directories and FIFOs have no data, whatever their size field says. */
        if (type >= '1' && type <= '6')
            entry->size = entry->stored = 0;
        else if (type != '0' && type != 'S')
            fail(FAIL_INVALID, "entry \"%s\" has the unknown type 0x%02x", tar_shown(entry->name),
                 (unsigned char)type);
        if (entry->stored > INT64_MAX)
            fail(FAIL_INVALID, "entry \"%s\" is too large", tar_shown(entry->name));
        uint64_t stored = entry->stored;
        tar->padding = (unsigned int)(-stored % TAR_BLOCK);
        if (type == 'S')
            sparse_read_gnu(&header, tar->input, entry);
        else
            sparse_read_pax(&pax, tar->input, entry);
        tar->remaining = entry->stored;
        pax_free(&pax);
        return entry;
    }
    free(long_name);
    free(long_link);
    pax_free(&pax);
    return NULL;
}
