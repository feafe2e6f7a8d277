/*
 * Where records of a log begin and end, for both formats: JSON objects, one a line; or frames of the local
 * format (log-local.h). What is damaged is passed over.
 */
#ifndef TD_LOG_SCAN_H
#define TD_LOG_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "log-config.h"

/* A record that is longer is none: a line escaped takes 96 KiB at most, the attributes have to fit as well. */
#define LOG_RECORD_MAX (256 * 1024)

/* The whole records at the beginning of data, in bytes, where data begins with one. */
size_t log_scan_prefix(enum log_format format, const char *data, size_t len);

/* How many whole records there are. */
uint64_t log_scan_count(enum log_format format, const char *data, size_t len);

/* Where the last whole record of a file of this size ends. */
uint64_t log_scan_whole(int fd, enum log_format format, uint64_t size);

/*
 * Where the last `count` records of a file begin, and how many there are (at most count), read from the end.
 * Returns 0 or -errno.
 */
int log_scan_tail(int fd, enum log_format format, uint64_t count, uint64_t *position, uint64_t *found);

#endif
