#include "td-layer/sparse.h"
#include "td-layer/fail.h"

#include <string.h>

/* Extents of one file: 16 MiB of map. */
enum { EXTENTS_MAX = 1 << 20 };

void sparse_add(struct pax *pax, uint64_t number)
{
    if (pax->extent_open) {
        pax->extents[pax->extent_count++].size = number;
        pax->extent_open = false;
        return;
    }
    if (pax->extent_count == EXTENTS_MAX)
        fail(FAIL_INVALID, "a sparse file has more than %d pieces", EXTENTS_MAX);
    if (pax->extent_count == pax->extent_room) {
        pax->extent_room = pax->extent_room ? 2 * pax->extent_room : 16;
        pax->extents = reallocate(pax->extents, pax->extent_room * sizeof *pax->extents);
    }
    pax->extents[pax->extent_count] = (struct tar_extent){.offset = number};
    pax->extent_open = true;
}

static void finish(struct pax *pax, struct tar_entry *entry, uint64_t real_size)
{
    uint64_t end = 0, sum = 0;
    bool good = !pax->extent_open && real_size <= INT64_MAX;
    for (size_t i = 0; good && i < pax->extent_count; i++) {
        const struct tar_extent *extent = &pax->extents[i];
        good = extent->offset >= end && extent->offset <= real_size &&
               extent->size <= real_size - extent->offset;
        end = extent->offset + extent->size;
        sum += extent->size;
    }
    if (!good || sum != entry->stored)
        fail(FAIL_INVALID, "the map of the sparse file \"%s\" is wrong", tar_shown(entry->name));
    entry->type = '0';
    entry->sparse = true;
    entry->size = real_size;
    entry->extents = pax->extents;
    entry->extent_count = pax->extent_count;
    pax->extents = NULL;
    pax->extent_count = pax->extent_room = 0;
}

static int64_t field(const char *at, const struct tar_entry *entry)
{
    int64_t number;
    if (!header_number(at, 12, &number) || number < 0)
        fail(FAIL_INVALID, "the map of the sparse file \"%s\" is wrong", tar_shown(entry->name));
    return number;
}

/* Reads `count` pairs of twelve characters each; a pair that starts empty ends the list. */
static void add_fields(struct pax *pax, const char *at, int count, const struct tar_entry *entry)
{
    for (int i = 0; i < count && at[0] != '\0'; i++, at += 24) {
        sparse_add(pax, (uint64_t)field(at, entry));
        sparse_add(pax, (uint64_t)field(at + 12, entry));
    }
}

void sparse_read_gnu(const struct header *header, struct input *input, struct tar_entry *entry)
{
    enum {
        MAP = 386,
        EXTENDED = 482,
        REAL_SIZE = 483,
        MORE = 504
    }; /* GNU tar manual, "struct oldgnu_header" */
    const char *block = (const char *)header;
    struct pax map = {0};
    uint64_t real_size = (uint64_t)field(block + REAL_SIZE, entry);
    add_fields(&map, block + MAP, 4, entry);
    char more[TAR_BLOCK];
    for (bool extended = block[EXTENDED]; extended; extended = more[MORE]) {
        if (!input_read(input, more, sizeof more))
            fail(FAIL_INVALID, "the %s ends within a header", fail_subject);
        add_fields(&map, more, 21, entry);
    }
    finish(&map, entry, real_size);
}

/* A decimal line of the map that 1.0 writes before the data; counts the bytes it takes. */
static uint64_t line(struct input *input, struct tar_entry *entry, uint64_t *used)
{
    uint64_t number = 0;
    for (int length = 0;; length++) {
        char c;
        if (*used >= entry->stored || !input_read(input, &c, 1) || length > 19)
            fail(FAIL_INVALID, "the map of the sparse file \"%s\" is cut off", tar_shown(entry->name));
        ++*used;
        if (c == '\n' && length > 0) return number;
        if (c < '0' || c > '9' || number > INT64_MAX / 10 - 1)
            fail(FAIL_INVALID, "the map of the sparse file \"%s\" is wrong", tar_shown(entry->name));
        number = number * 10 + (uint64_t)(c - '0');
    }
}

void sparse_read_pax(struct pax *pax, struct input *input, struct tar_entry *entry)
{
    if (!pax->sparse || entry->type != '0') return;
    if (pax->sparse_major == 1 && pax->sparse_minor == 0) {
        uint64_t used = 0, count = line(input, entry, &used);
        if (count > EXTENTS_MAX) fail(FAIL_INVALID, "a sparse file has more than %d pieces", EXTENTS_MAX);
        for (uint64_t i = 0; i < 2 * count; i++) sparse_add(pax, line(input, entry, &used));
        uint64_t padding = -used % TAR_BLOCK;
        if (used + padding > entry->stored || !input_skip(input, padding))
            fail(FAIL_INVALID, "the map of the sparse file \"%s\" is cut off", tar_shown(entry->name));
        entry->stored -= used + padding;
    } else if (pax->sparse_major != 0) {
        fail(FAIL_INVALID, "the sparse file \"%s\" has version %d.%d, which is not known",
             tar_shown(entry->name), pax->sparse_major, pax->sparse_minor);
    }
    if (!pax->has.real_size) fail(FAIL_INVALID, "the sparse file \"%s\" has no size", tar_shown(entry->name));
    finish(pax, entry, pax->real_size);
}
