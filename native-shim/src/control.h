/*
 * The control connections: lines of JSON both ways, descriptors with them. A connection that fails or floods
 * is dropped; it is freed by control_settle() between two rounds of the loop, never while it is in use.
 */
#ifndef TD_CONTROL_H
#define TD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "loop.h"

#define CONTROL_LINE_MAX (8 * 1024 * 1024)
#define CONTROL_FDS_MAX 16

struct control;

struct connection {
    struct connection *next;
    struct source source;
    struct control *control;
    struct buffer in, out;
    size_t scanned;  /* how much of `in` is known to hold no end of line */
    uint64_t offset; /* of the beginning of `in` in all that was ever received */
    struct {
        int fd;
        uint64_t from, to; /* it came with a byte in this range */
    } fds[CONTROL_FDS_MAX];
    size_t nfds;
    uint64_t line; /* offset of the line in hand */
    bool dead;
};

struct control {
    struct loop *loop;
    struct source listener;
    struct connection *connections;
    bool changed;
    char *scratch; /* for one read */
    size_t scratch_size;
    void (*on_line)(struct control *control, struct connection *c, const char *line, size_t len);
    void (*on_close)(struct control *control, struct connection *c);
    void (*on_change)(struct control *control); /* control_settle, please */
};

/* Listens on a socket of this name in the working directory. Returns 0 or -errno. */
int control_listen(struct control *control, const char *name);

/* Takes over a connected socket. NULL, with fd closed, where that is impossible. */
struct connection *control_add(struct control *control, int fd);

/* Sends a whole line; what the socket does not take is kept. */
void connection_send(struct connection *c, const struct buffer *line);
void control_broadcast(struct control *control, const struct buffer *line);

/* The descriptor that came with the line in hand, or -1. The caller owns it. */
int connection_take_fd(struct connection *c);

void control_settle(struct control *control);

/* Sends what is pending, as far as it goes within a second in all, and closes everything. */
void control_close(struct control *control);

#endif
