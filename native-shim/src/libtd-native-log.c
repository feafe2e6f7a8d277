#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "libtd-native.h"
#include "log-decode.h"
#include "log-scan.h"

static enum log_format format_of(int flags)
{
    return flags & TD_LOG_LOCAL ? LOG_LOCAL : LOG_JSON;
}

int64_t td_log_read(int fd, int flags, int64_t since, int64_t until, struct td_log_cursor *cursor,
                    uint8_t *in, uint64_t in_size, uint8_t *out, uint64_t out_size)
{
    const struct log_select select = {.out = flags & TD_LOG_STDOUT,
                                      .err = flags & TD_LOG_STDERR,
                                      .stamps = flags & TD_LOG_TIMESTAMPS,
                                      .mux = flags & TD_LOG_MULTIPLEXED,
                                      .details = flags & TD_LOG_DETAILS,
                                      .since = since,
                                      .until = until};
    uint64_t produced = 0, least = select.details ? LOG_DECODE_ROOM_DETAILS : LOG_DECODE_ROOM;
    if (in_size < LOG_RECORD_MAX || out_size < least) return -EINVAL;
    cursor->status = TD_LOG_MORE;
    while (out_size - produced >= least) {
        uint64_t left = cursor->end > cursor->offset ? cursor->end - cursor->offset : 0;
        ssize_t got = pread(fd, in, left < in_size ? left : in_size, (off_t)cursor->offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        struct log_decoded d = log_decode(format_of(flags), (const char *)in, (size_t)got,
                                          (char *)out + produced, out_size - produced, &select);
        cursor->offset += d.consumed;
        produced += d.produced;
        if (d.done) {
            cursor->status = TD_LOG_DONE;
            break;
        }
        if ((uint64_t)got < in_size && out_size - produced >= least) {
            cursor->status = TD_LOG_END; /* what may be left is a record whose end is not there */
            break;
        }
    }
    return (int64_t)produced;
}

int td_log_tail(int fd, int flags, uint64_t count, uint64_t *position, uint64_t *found)
{
    return log_scan_tail(fd, format_of(flags), count, position, found);
}
