/*
 * Who is sent the records of a log: a syslog daemon (datagrams or a stream) or the journal. Nothing here waits:
 * what the receiver does not take at once stands in a ring of limited size, what finds no room there is lost
 * and counted, and a connection that has ended is made again once a second.
 */
#ifndef TD_LOG_RECEIVER_H
#define TD_LOG_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log-config.h"
#include "log-local.h"
#include "loop.h"

struct log_receiver_state;

struct log_receiver_state *receiver_new(const struct log_config *config, struct loop *loop);

/* The first connection, for which up to two seconds are waited. Returns 0, or -errno with the reason in error.
 */
int receiver_connect(struct log_receiver_state *r, char *error, size_t size);

void receiver_record(struct log_receiver_state *r, const struct log_entry *entry);
void receiver_flush(struct log_receiver_state *r);

struct receiver_trouble {
    int error;
    uint64_t lost;
};

/* Whether something has begun to go wrong, or has ceased to (error 0), since the last call. */
bool receiver_trouble(struct log_receiver_state *r, struct receiver_trouble *trouble);

void receiver_trim(struct log_receiver_state *r);

/* Gives the receiver a moment to take what is left. */
void receiver_free(struct log_receiver_state *r);

#endif
