/*
 * The streams of one process, the container's or an exec's: its output is read, logged and given to the
 * attach clients; what these send goes to its stdin.
 *
 * A client that does not read, holds the output back: nothing more is read from the process until it does.
 * Once the process has ended nobody is held back any more.
 */
#ifndef TD_STREAM_H
#define TD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "client.h"
#include "container.h"
#include "log.h"
#include "loop.h"
#include "stdcopy.h"

/* Room for one read of output, with space for a frame's header before it. */
#define OUTPUT_READ 65536
#define SCRATCH_SIZE (STDCOPY_HEADER + OUTPUT_READ)

struct output {
    struct source source;
    struct streams *streams;
    int number; /* 1 stdout or terminal, 2 stderr */
    bool ended;
    unsigned burst;   /* reads in close succession */
    bool asked, wide; /* a larger pipe has been asked for, and is there */
    uint64_t last_ns; /* when it was last read, CLOCK_REALTIME */
};

struct streams {
    struct loop *loop;
    char *scratch;
    struct log *log; /* NULL for an exec */
    bool terminal;
    bool in_open; /* it has a stdin that clients may feed */
    bool in_once; /* which is closed when the first client's ends */
    bool running; /* the process has been started */

    struct output out[2];
    struct source in; /* the pipe's write end, or a duplicate of the console */
    struct buffer in_queue;
    bool in_ending; /* to be closed once the queue is empty */
    int console;    /* the pty's master is out[0]'s; this is a descriptor of the slave */

    struct client *clients;
    bool changed;
    void (*on_change)(struct streams *streams);               /* settle, please */
    void (*on_detach)(struct streams *streams, bool by_keys); /* a client has left of its own accord */
};

/* scratch: SCRATCH_SIZE bytes. The caller then sets log, terminal, in_open, in_once, on_change and on_detach.
 */
void streams_init(struct streams *s, struct loop *loop, char *scratch);

/* Makes the pipes and sets the child's ends; all -1 for a terminal and for what it has none of. Returns 0 or
 * -errno. */
int streams_pipes(struct streams *s, bool output, struct child_stdio *child);
void child_stdio_close(struct child_stdio *child);

/* The process runs. console: the master of its pty, which is taken over, or -1. */
void streams_started(struct streams *s, int console);

/* Takes over fd. False, with fd closed, where it is of no use. */
bool streams_attach(struct streams *s, int fd, struct attach_options *options);

/* Lets the held client's output go; hold 0: its holder has gone, and the client with it. False: there is none. */
bool streams_release(struct streams *s, const void *holder, int hold);
bool streams_has_held(const struct streams *s);

/* Takes stdin of a client: writes what there is room for, queues the rest. */
void streams_input(struct streams *s, const char *data, size_t len);
/* A client's stdin has ended: closes the process's where in_once says so, else returns false. */
bool streams_input_end(struct streams *s);

/* Something has changed that streams_settle, to be called between two rounds of the loop, has to look after.
 */
void streams_changed(struct streams *s);
void streams_settle(struct streams *s);

/* The process has ended: reads what is there still, ends log and descriptors. The clients stay. */
void streams_drain(struct streams *s);

/* Sends all clients away; keep_open as for client_free. */
void streams_close_clients(struct streams *s, bool keep_open);

int streams_resize(struct streams *s, uint16_t rows, uint16_t cols); /* 0 or -errno */

/* To be called with what was never drained too. Does not free s. */
void streams_close(struct streams *s);

#endif
