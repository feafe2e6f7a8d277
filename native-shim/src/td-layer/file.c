#include "td-layer/file.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { HOLE = FILE_HOLE, PIECE = 1 << 20 };

static void write_at(struct tar *tar, int fd, const unsigned char *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_errno(errno, "write \"%s\"", tar_shown(tar->entry.name));
        data += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
}

/* Writes a piece, stepping over blocks of zeros where they lie on a block's boundary of the file. True: it ends with data. */
static bool write_piece(struct tree *tree, struct tar *tar, int fd, const unsigned char *data, size_t size,
                        uint64_t offset)
{
    size_t from = 0, at = (size_t)(-offset % HOLE);
    tree_count_bytes(tree, size);
    for (; at + HOLE <= size; at += HOLE) {
        if (!file_is_zero(data + at, HOLE)) continue;
        write_at(tar, fd, data + from, at - from, offset + from);
        from = at + HOLE;
    }
    write_at(tar, fd, data + from, size - from, offset + from);
    return from < size;
}

/* Returns where the file ends now: behind the last byte that was written, or at `end`. */
static uint64_t write_extent(struct tree *tree, struct tar *tar, int fd, struct tar_extent extent,
                             uint64_t end)
{
    const unsigned char *data;
    while (extent.size > 0) {
        size_t taken = tar_data(tar, extent.size < PIECE ? (size_t)extent.size : PIECE, &data);
        if (write_piece(tree, tar, fd, data, taken, extent.offset)) end = extent.offset + taken;
        extent.offset += taken;
        extent.size -= taken;
    }
    return end;
}

void file_write(struct tree *tree, struct tar *tar, int fd)
{
    const struct tar_entry *entry = &tar->entry;
    uint64_t end = 0;
    if (entry->sparse) {
        for (size_t i = 0; i < entry->extent_count; i++)
            end = write_extent(tree, tar, fd, entry->extents[i], end);
    } else {
        end = write_extent(tree, tar, fd, (struct tar_extent){.size = entry->size}, 0);
    }
    /* A hole at the end is not written by anything. */
    if (end < entry->size && ftruncate(fd, (off_t)entry->size) < 0)
        fail_errno(errno, "set the size of \"%s\"", tar_shown(entry->name));
    tree->size += entry->size;
}
