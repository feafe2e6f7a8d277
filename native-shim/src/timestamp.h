/* RFC 3339 in UTC with nanoseconds: "2024-05-01T10:00:00.120000000Z". */
#ifndef TD_TIMESTAMP_H
#define TD_TIMESTAMP_H

#include <time.h>

#define TIMESTAMP_LENGTH 30

/* Writes TIMESTAMP_LENGTH bytes, no terminating null. */
void timestamp_format(char *out, const struct timespec *time);

#endif
