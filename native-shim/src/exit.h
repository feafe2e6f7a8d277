/* How a process ended, and exit.json, which tells a later daemon how the container did. */
#ifndef TD_EXIT_H
#define TD_EXIT_H

#include <stdbool.h>
#include <time.h>

#include "buffer.h"

struct exit_record {
    int status; /* 0-255; 128 + signal */
    int signal; /* 0: none */
    bool oom_killed;
    struct timespec at; /* CLOCK_REALTIME */
};

/* From a status of waitpid(2), with the time of now. */
struct exit_record exit_record_new(int wait_status);

/* The members of its JSON object, without the braces. */
void exit_record_format(struct buffer *out, const struct exit_record *record);

/* Writes exit.json in the working directory: complete from the moment it has that name. Returns 0 or -errno.
 */
int exit_record_write(const struct exit_record *record);

#endif
