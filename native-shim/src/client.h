/*
 * An attach client: a connection, handed over by the daemon, that gets the output of a process and may feed
 * its stdin.
 *
 * It lives until `gone`; who finds it so only sets that, and streams_settle() frees it between two rounds of
 * the loop.
 */
#ifndef TD_CLIENT_H
#define TD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "detach-keys.h"
#include "loop.h"

struct streams;

struct attach_options {
    bool in, out, err;  /* which of the streams it takes part in */
    bool mux;           /* output in stdcopy frames */
    int hold;           /* not 0: output waits for a release by this number, */
    const void *holder; /* from this connection */
    struct detach_keys keys;
    struct buffer early; /* stdin that came with the request */
};

struct client {
    struct client *next;
    struct source source;
    struct streams *streams;
    struct attach_options options;
    bool in_ended;         /* its half of stdin is over: it has shut down writing */
    bool ending;           /* to go once its output is delivered */
    bool gone, by_keys;    /* to be freed; because of its detach keys */
    struct buffer pending; /* output that the connection does not take yet */
};

/* Takes over fd, and what options->early holds. NULL: memory has run out, or fd cannot be polled; it is
 * closed. */
struct client *client_new(struct streams *streams, int fd, struct attach_options *options);

/*
 * Sends len bytes of output; STDCOPY_HEADER bytes before data are free to be written to. What the connection
 * does not take stays pending.
 */
void client_output(struct client *c, int stream, char *data, size_t len);

/*
 * It has gone, however that was noticed. What it had sent before it left is still input, as much as the socket
 * holds, whether there is room or not, and its end ends the input as that of any other.
 */
void client_take_last(struct client *c);

/* Sets what it is polled for, from its own state and whether stdin has room now. */
void client_watch(struct client *c, bool in_has_room);

/*
 * Leaves what is pending to the kernel, ends the connection in both directions and frees the client. The
 * daemon may still hold a duplicate of it: keep_open leaves the connection itself as it is.
 */
void client_free(struct client *c, bool keep_open);

#endif
