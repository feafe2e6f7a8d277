/*
 * The container's log. What is read from its streams is cut into lines, long ones into records of at most
 * LOG_LINE_MAX bytes as dockerd cuts them, and each record goes to the log's file, to its receiver, or to both:
 *
 *     json-file   file of JSON objects               syslog     file to be read back, and a syslog daemon
 *     local       file of frames (log-local.h)       journald   the same, and the journal
 *
 * Neither costs the container more than the log: what a full disk or an absent receiver does not take is lost,
 * counted and told.
 */
#ifndef TD_LOG_H
#define TD_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "buffer.h"
#include "bundle.h"
#include "log-file.h"
#include "log-local.h"
#include "log-receiver.h"
#include "loop.h"

#define LOG_LINE_MAX 16384

/* What a stream has begun. */
struct log_line {
    struct buffer text;
    char id[LOG_LOCAL_ID]; /* of a line longer than a record */
    uint32_t ordinal;      /* the records of it so far */
};

struct log {
    const struct log_config *config; /* NULL: nothing is written */
    struct log_file file;
    struct log_receiver_state *receiver; /* NULL: none */
    struct log_line lines[2];            /* of stdout and stderr */
    const struct timespec *now;          /* of the batch in hand */
    char *tail;                          /* of LOG_JSON: what follows the text in each record of this batch */
    size_t tail_len;
    int told;         /* the error of the file that was told last */
    time_t failed_at; /* when it last had one */
    /* Records are being lost (error is an errno), or, with 0, no longer, after so many. */
    void (*on_trouble)(struct log *log, const char *what, int error, uint64_t lost);
};

void log_open(struct log *log, const struct log_config *config, struct loop *loop);

/* Reaches the receiver. Returns 0, or -errno with the reason in error. */
int log_connect(struct log *log, char *error, size_t size);

/* Makes the file, so that there is one where nothing is ever written. */
void log_start(struct log *log);

/* Takes what was read from stream 1 (stdout, and the terminal) or 2 (stderr) at a time of CLOCK_REALTIME. */
void log_write(struct log *log, int stream, const char *data, size_t len, const struct timespec *now);

/* What the stream has begun and not ended, at most LOG_LINE_MAX bytes: it is in no record yet. */
const struct buffer *log_begun(const struct log *log, int stream);

/* The stream has ended: its last line need not have. */
void log_end(struct log *log, int stream, const struct timespec *now);

/* A child has ended. True where it was the log's. */
bool log_reaped(struct log *log, pid_t pid, int wait_status);

/* Gives back the memory of the last batch. */
void log_trim(struct log *log);
void log_close(struct log *log);

#endif
