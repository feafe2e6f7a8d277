/*
 * The local format, that of Docker's log driver of this name: frames of
 *
 *     length (4 bytes, big-endian)   entry (length bytes)   length again
 *
 * so that a file can be read from both ends. An entry is a protocol buffer:
 *
 *     1 string source    "stdout" or "stderr"; always first
 *     2 int64  time      nanoseconds since 1970
 *     3 bytes  line      without the newline that ended it
 *     4 bool   partial   the record does not end its line
 *     5 message          of a record that is part of a longer line: 1 bool last, 2 string id, 3 int32 ordinal
 */
#ifndef TD_LOG_LOCAL_H
#define TD_LOG_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What a frame takes beside its text, at most. */
#define LOG_LOCAL_OVERHEAD 160
#define LOG_LOCAL_ID 32

struct log_entry {
    int stream; /* 1 stdout, 2 stderr */
    int64_t time_ns;
    const char *line;
    size_t len;
    bool newline;     /* the record ends its line */
    const char *id;   /* LOG_LOCAL_ID characters: it is part of a longer line; NULL: it is all of it */
    uint32_t ordinal; /* then: which part, from 1 */
};

/* Writes a frame to out, which has room for len + LOG_LOCAL_OVERHEAD; returns its end. */
char *log_local_encode(char *out, const struct log_entry *entry);

/*
 * The frame that data begins with: its size in bytes; 0 where more of it is still to come; -1 where there is
 * none.
 */
long log_local_frame(const char *data, size_t len);

/* Decodes a whole frame. False where there is no entry in it. `id` and `ordinal` are not looked at. */
bool log_local_decode(const char *frame, size_t size, struct log_entry *entry);

#endif
