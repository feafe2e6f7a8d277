/*
 * What clients attach to and whose end is reported: the container (the target "") or one exec in it.
 *
 *     made ──process started──► running ──reaped, drained──► ended ──all acks, or time──► released ──acked──►
 * freed
 */
#ifndef TD_TARGET_H
#define TD_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control.h"
#include "exit.h"
#include "message.h"
#include "stream.h"

struct supervisor;

struct target {
    struct target *next;
    struct supervisor *supervisor;
    char id[EXEC_ID_MAX + 1];
    char *note; /* of an exec: what its request said of it for a later daemon, or NULL */
    pid_t pid;
    struct streams streams;
    bool ended;    /* record is valid, its event has been sent */
    bool released; /* its clients have been sent away */
    bool acked;    /* somebody knows how it ended */
    struct exit_record record;
    struct connection **awaiting; /* those that have yet to ack */
    size_t nawaiting;
    uint64_t deadline_ns; /* CLOCK_MONOTONIC: when nobody is waited for any more */
};

void target_init(struct target *t, struct supervisor *supervisor, const char *id);

/* It has ended and its event has gone to these connections: their acks are waited for, until the deadline. */
void target_await(struct target *t, struct connection *connections, uint64_t deadline_ns);

/* c has acked, or, with acked false, has gone. */
void target_ack(struct target *t, struct connection *c, bool acked);

/* Closes and frees all but t itself. */
void target_close(struct target *t);

#endif
