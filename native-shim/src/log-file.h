/*
 * The file of a log, written in batches and rotated by size: path is the newest, path.1 the one before, and so
 * on; rotated ones are compressed to path.N.gz where that is asked for. An error of the file system costs
 * records, never the container.
 */
#ifndef TD_LOG_FILE_H
#define TD_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "log-config.h"

struct log_file {
    const struct log_config *config;
    int fd;                   /* -1 until it is needed, and after a failed rotation */
    uint64_t size, rotate_at; /* of the file; rotate_at 0: never */
    char *out;                /* records not yet written; mapped, its pages given back when idle */
    size_t out_len, out_size;
    int error;        /* why records are being lost; 0: they are not */
    uint64_t lost;    /* since then */
    pid_t compressor; /* the child at work on path.compressing; 0: none */
    unsigned compressing;
};

/* Room for batches of records of at most record_max bytes each. False without memory. */
bool log_file_open(struct log_file *f, const struct log_config *config, size_t record_max);

/* Makes the file, so that there is one where nothing is ever written. */
void log_file_start(struct log_file *f);

/* Where the next record, of at most need bytes, is to be put; log_file_added tells how many those were. */
char *log_file_room(struct log_file *f, size_t need);
static inline void log_file_added(struct log_file *f, size_t len)
{
    f->out_len += len;
}
void log_file_flush(struct log_file *f);

/* A child has ended. True where it was the one that compresses. */
bool log_file_reaped(struct log_file *f, pid_t pid, int wait_status);

void log_file_trim(struct log_file *f);
void log_file_close(struct log_file *f);

#endif
