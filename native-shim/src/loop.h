/*
 * The one epoll loop. A source is embedded in what owns it; it may be unwatched and its owner freed at any
 * moment, also by the handler of another source of the same round.
 */
#ifndef TD_LOOP_H
#define TD_LOOP_H

#include <stdint.h>
#include <stddef.h>

struct source {
    int fd;
    uint32_t watched; /* the epoll events asked for, 0 while not in the set */
    void (*ready)(struct source *source, uint32_t events);
};

#define OWNER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#define LOOP_BATCH 16

struct loop {
    int epoll;
    int count; /* of the round in hand */
    struct source *round[LOOP_BATCH];
};

int loop_open(struct loop *loop); /* 0 or -errno */
void loop_close(struct loop *loop);

/*
 * Sets the events that source is watched for. 0 takes it out of the set, so that not even a hang-up, which
 * epoll reports unasked, is seen any more. Returns 0 or -errno.
 */
int loop_watch(struct loop *loop, struct source *source, uint32_t events);

/* Unwatches and closes its descriptor, which becomes -1. */
void loop_discard(struct loop *loop, struct source *source);

/* Waits at most timeout ms (-1: without end) and calls the handlers of what is ready; how many those were, or
 * -errno. */
int loop_run_once(struct loop *loop, int timeout);

#endif
