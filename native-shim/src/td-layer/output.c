#include "td-layer/output.h"
#include "td-layer/fail.h"
#include "td-layer/file.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BUFFER = 256 << 10 };

void output_open(struct output *output, int fd, bool chunked)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0) fail_errno(errno, "look at where the archive goes");
    *output = (struct output){.fd = fd, .chunked = chunked, .sparse = S_ISREG(stat.st_mode)};
    output->buffer = allocate(BUFFER);
}

static _Noreturn void fail_write(int error)
{
    if (error == EPIPE || error == ECONNRESET) fail(FAIL_GONE, "nobody reads the archive any more");
    fail_errno(error, "write the archive");
}

/* The descriptor may be one that the daemon has made non-blocking: then it is waited for here. */
static void send_all(int fd, struct iovec *pieces, int count)
{
    while (count > 0) {
        ssize_t written = writev(fd, pieces, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            ppoll(&writable, 1, NULL, NULL);
            continue;
        }
        if (written < 0) fail_write(errno);
        for (size_t left = (size_t)written; count > 0; pieces++, count--) {
            if (left < pieces->iov_len) {
                pieces->iov_base = (char *)pieces->iov_base + left;
                pieces->iov_len -= left;
                break;
            }
            left -= pieces->iov_len;
        }
    }
}

/* Steps over whole blocks of zeros. Every piece but the last is a multiple of a block. */
static void send_sparse(const struct output *output)
{
    for (size_t at = 0; at < output->used;) {
        size_t size = output->used - at < FILE_HOLE ? output->used - at : FILE_HOLE;
        if (size == FILE_HOLE && file_is_zero(output->buffer + at, size)) {
            if (lseek(output->fd, (off_t)size, SEEK_CUR) < 0) fail_write(errno);
            at += size;
            continue;
        }
        size_t end = at + size;
        while (end + FILE_HOLE <= output->used && !file_is_zero(output->buffer + end, FILE_HOLE))
            end += FILE_HOLE;
        struct iovec piece = {.iov_base = output->buffer + at, .iov_len = end - at};
        send_all(output->fd, &piece, 1);
        at = end;
    }
}

static void flush(struct output *output)
{
    if (output->used == 0) return;
    if (output->sparse) {
        send_sparse(output);
    } else {
        char head[24] = "", tail[] = "\r\n";
        int length = output->chunked ? snprintf(head, sizeof head, "%zx\r\n", output->used) : 0;
        struct iovec pieces[] = {
            {.iov_base = head, .iov_len = (size_t)length},
            {.iov_base = output->buffer, .iov_len = output->used},
            {.iov_base = tail, .iov_len = output->chunked ? 2 : 0},
        };
        send_all(output->fd, pieces, 3);
    }
    output->used = 0;
}

char *output_room(struct output *output, size_t *size)
{
    if (output->used == BUFFER) flush(output);
    *size = BUFFER - output->used;
    return output->buffer + output->used;
}

void output_commit(struct output *output, size_t size)
{
    output->used += size;
}

void output_write(struct output *output, const void *data, size_t size)
{
    const char *from = data;
    while (size > 0) {
        size_t room;
        char *to = output_room(output, &room);
        if (room > size) room = size;
        memcpy(to, from, room);
        output_commit(output, room);
        from += room;
        size -= room;
    }
}

void output_zeros(struct output *output, uint64_t size)
{
    while (size > 0) {
        size_t room;
        char *to = output_room(output, &room);
        if (room > size) room = (size_t)size;
        memset(to, 0, room);
        output_commit(output, room);
        size -= room;
    }
}

void output_end(struct output *output)
{
    flush(output);
    if (!output->sparse) return;
    off_t end = lseek(output->fd, 0, SEEK_CUR);
    if (end < 0 || ftruncate(output->fd, end) < 0) fail_write(errno);
}
