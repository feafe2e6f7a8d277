/*
 * The container's log as Docker's json-file driver writes it: one JSON object a line of output, at most
 * LOG_LINE_MAX bytes of a line in each, rotated by size. An error of the file system costs log records, never
 * the container.
 */
#ifndef TD_LOG_H
#define TD_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "buffer.h"
#include "bundle.h"

#define LOG_LINE_MAX 16384

struct log {
    const struct log_config *config; /* NULL, or its path: nothing is written */
    int fd;                          /* -1 until it is needed, and after a failed rotation */
    uint64_t size, rotate_at;        /* of the file; rotate_at 0: never */
    struct buffer partial[2];        /* the line that stdout and stderr have begun */
    char *out;                       /* records not yet written; mapped, its pages given back when idle */
    size_t out_len;
    char tail[80]; /* what follows the text in each record of this batch */
    size_t tail_len;
};

void log_open(struct log *log, const struct log_config *config);

/* Makes the file, so that there is one where nothing is ever written. */
void log_start(struct log *log);

/* Takes what was read from stream 1 (stdout, and the terminal) or 2 (stderr) at a time of CLOCK_REALTIME. */
void log_write(struct log *log, int stream, const char *data, size_t len, const struct timespec *now);

/* The stream has ended: its last line need not have. */
void log_end(struct log *log, int stream, const struct timespec *now);

/* Gives back the memory of the last batch. */
void log_trim(struct log *log);
void log_close(struct log *log);

#endif
