/*
 * Records of a log as GET /containers/{id}/logs sends them. Made for large blocks: one pass from the bytes of
 * the file to the frames of the client. It trusts nothing that stands in the file.
 */
#ifndef TD_LOG_DECODE_H
#define TD_LOG_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log-config.h"
#include "log-scan.h"

struct log_select {
    bool out, err;        /* which streams */
    bool stamps;          /* the time before each record */
    bool mux;             /* stdcopy frames */
    bool details;         /* the attributes before each record: name=value,name=value */
    int64_t since, until; /* ns since 1970; INT64_MIN and INT64_MAX: no bound */
};

struct log_decoded {
    size_t consumed, produced;
    bool done; /* a record later than `until` was met: nothing behind it is wanted */
};

/* Room that the longest record needs. */
#define LOG_DECODE_ROOM (LOG_RECORD_MAX + 64)
#define LOG_DECODE_ROOM_DETAILS (4 * LOG_RECORD_MAX + 64)

/*
 * Decodes whole records of in as long as out has room for the next. Where less than all of in is consumed, there
 * is no room, or in ends in the middle of a record.
 */
struct log_decoded log_decode(enum log_format format, const char *in, size_t len, char *out, size_t room,
                              const struct log_select *select);

#endif
