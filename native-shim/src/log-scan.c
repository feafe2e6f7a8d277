#include "log-scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log-local.h"

#define BLOCK (256 * 1024)

/* The record that data begins with, damaged or not: its bytes, 0 where its end is not in data. */
static size_t next_record(enum log_format format, const char *data, size_t len, bool *whole)
{
    if (format == LOG_JSON) {
        const char *newline = memchr(data, '\n', len);
        *whole = newline != NULL;
        return newline == NULL ? 0 : (size_t)(newline - data) + 1;
    }
    long size = log_local_frame(data, len);
    *whole = size > 0;
    return size < 0 ? 1 : (size_t)size;
}

size_t log_scan_prefix(enum log_format format, const char *data, size_t len)
{
    if (format == LOG_JSON) {
        const char *newline = memrchr(data, '\n', len);
        return newline == NULL ? 0 : (size_t)(newline - data) + 1;
    }
    size_t at = 0;
    for (long size; at < len && (size = log_local_frame(data + at, len - at)) > 0;) at += (size_t)size;
    return at;
}

uint64_t log_scan_count(enum log_format format, const char *data, size_t len)
{
    uint64_t count = 0;
    bool whole;
    for (size_t at = 0, n; at < len && (n = next_record(format, data + at, len - at, &whole)) > 0; at += n)
        count += whole;
    return count;
}

static ssize_t read_at(int fd, char *data, size_t len, uint64_t from)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = pread(fd, data + got, len - got, (off_t)(from + got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/*
 * Forwards over a whole file of frames, for one that cannot be read from the end. The beginnings of the last
 * `count` are remembered in a ring.
 */
struct ring {
    uint64_t *starts, count, seen, end;
};

static int scan_forward(int fd, struct ring *r)
{
    char *block = malloc(2 * LOG_RECORD_MAX);
    if (block == NULL) return -ENOMEM;
    for (uint64_t from = 0;;) {
        ssize_t got = read_at(fd, block, 2 * LOG_RECORD_MAX, from);
        if (got <= 0) {
            free(block);
            return (int)got;
        }
        size_t at = 0, len = (size_t)got;
        bool whole;
        for (size_t n; at < len && (n = next_record(LOG_LOCAL, block + at, len - at, &whole)) > 0; at += n) {
            if (!whole) continue;
            if (r->count > 0) r->starts[r->seen++ % r->count] = from + at;
            r->end = from + at + n;
        }
        /* A frame whose end is not there: torn, or the reader is faster than the writer. */
        if (at == 0) at = len < 2 * LOG_RECORD_MAX ? len : 1;
        from += at;
    }
}

static uint64_t last_newline(int fd, uint64_t size)
{
    char block[4096];
    for (uint64_t end = size; end > 0;) {
        uint64_t from = end > sizeof(block) ? end - sizeof(block) : 0;
        ssize_t n = read_at(fd, block, (size_t)(end - from), from);
        if (n <= 0) return size;
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline != NULL) return from + (uint64_t)(newline - block) + 1;
        end = from;
    }
    return size;
}

/* The size of the frame that ends at `end`, 0 where none does. */
static uint64_t frame_before(const char *data, uint64_t end)
{
    const unsigned char *d = (const unsigned char *)data + end;
    if (end < 8) return 0;
    uint64_t size = ((uint64_t)d[-4] << 24 | (uint64_t)d[-3] << 16 | (uint64_t)d[-2] << 8 | d[-1]) + 8;
    if (size > end || size > LOG_RECORD_MAX) return 0;
    return log_local_frame(data + end - size, size) == (long)size ? size : 0;
}

uint64_t log_scan_whole(int fd, enum log_format format, uint64_t size)
{
    if (format == LOG_JSON) return last_newline(fd, size);
    unsigned char last[4];
    if (size < 8) return 0;
    if (read_at(fd, (char *)last, 4, size - 4) != 4) return size;
    uint64_t n = ((uint64_t)last[0] << 24 | (uint64_t)last[1] << 16 | (uint64_t)last[2] << 8 | last[3]) + 8;
    char *frame = n <= size && n <= LOG_RECORD_MAX ? malloc(n) : NULL;
    bool whole = frame != NULL && read_at(fd, frame, n, size - n) == (ssize_t)n &&
                 log_local_frame(frame, n) == (long)n;
    free(frame);
    if (whole) return size;
    struct ring ring = {0};
    return scan_forward(fd, &ring) == 0 ? ring.end : size;
}

static int tail_of_lines(int fd, uint64_t size, char *block, uint64_t count, uint64_t *position,
                         uint64_t *found)
{
    for (uint64_t end = size; end > 0;) {
        uint64_t from = end > BLOCK ? end - BLOCK : 0;
        ssize_t n = read_at(fd, block, (size_t)(end - from), from);
        if (n < 0) return (int)n;
        /* A newline ends a record: the one at the very end of the file begins none. */
        for (const char *at = block + n; (at = memrchr(block, '\n', (size_t)(at - block))) != NULL;) {
            uint64_t start = from + (uint64_t)(at - block) + 1;
            if (start >= size) continue;
            if (++*found == count) {
                *position = start;
                return 0;
            }
        }
        end = from;
    }
    if (size > 0) ++*found;
    return 0;
}

static int tail_of_damaged(int fd, uint64_t count, uint64_t *position, uint64_t *found)
{
    struct ring ring = {.count = count < 65536 ? count : 65536};
    ring.starts = calloc(ring.count, sizeof(*ring.starts));
    int rc = ring.starts == NULL ? -ENOMEM : scan_forward(fd, &ring);
    if (rc == 0) {
        *found = ring.seen < ring.count ? ring.seen : ring.count;
        *position = ring.seen <= ring.count ? 0 : ring.starts[ring.seen % ring.count];
    }
    free(ring.starts);
    return rc;
}

static int tail_of_frames(int fd, uint64_t size, char *block, uint64_t count, uint64_t *position,
                          uint64_t *found)
{
    for (uint64_t end = size; end > 0;) {
        uint64_t from = end > LOG_RECORD_MAX ? end - LOG_RECORD_MAX : 0, at = end - from;
        ssize_t n = read_at(fd, block, (size_t)at, from);
        if (n < 0) return (int)n;
        bool moved = false;
        for (uint64_t frame; (uint64_t)n == at && (frame = frame_before(block, at)) > 0; n = (ssize_t)at) {
            at -= frame;
            moved = true;
            if (++*found == count) {
                *position = from + at;
                return 0;
            }
        }
        if (!moved) {
            *found = 0;
            return tail_of_damaged(fd, count, position, found);
        }
        end = from + at;
    }
    return 0;
}

int log_scan_tail(int fd, enum log_format format, uint64_t count, uint64_t *position, uint64_t *found)
{
    off_t size = lseek(fd, 0, SEEK_END);
    *position = 0;
    *found = 0;
    if (size < 0) return -errno;
    if (format == LOG_JSON) size = (off_t)last_newline(fd, (uint64_t)size); /* what is torn is no record */
    if (count == 0) {
        *position = (uint64_t)size;
        return 0;
    }
    char *block = malloc(format == LOG_JSON ? BLOCK : LOG_RECORD_MAX);
    if (block == NULL) return -ENOMEM;
    int rc = format == LOG_JSON ? tail_of_lines(fd, (uint64_t)size, block, count, position, found)
                                : tail_of_frames(fd, (uint64_t)size, block, count, position, found);
    free(block);
    return rc;
}
