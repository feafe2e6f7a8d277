#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stdcopy.h"
#include "stream.h"

#define READ_SIZE 16384

/* Its stdin has ended. Without the right to close the container's, as dockerd has it, the attachment ends
 * too. */
static void end_input(struct client *c)
{
    if (c->in_ended) return;
    c->in_ended = true;
    /* Keys held back as the possible beginning of the sequence are input after all. */
    if (c->options.keys.matched > 0)
        streams_input(c->streams, (const char *)c->options.keys.keys, c->options.keys.matched);
    if (!streams_input_end(c->streams)) {
        c->ending = true;
        if (c->pending.len == 0) c->gone = true;
    }
}

static void take_input(struct client *c, const char *data, size_t len)
{
    if (c->options.keys.len == 0) {
        streams_input(c->streams, data, len);
        return;
    }
    char *out = malloc(len + DETACH_KEYS_MAX);
    if (out == NULL) return;
    size_t out_len;
    bool detached = detach_keys_filter(&c->options.keys, data, len, out, &out_len);
    streams_input(c->streams, out, out_len);
    free(out);
    if (detached) c->gone = c->by_keys = c->in_ended = true;
}

/* One read. False: nothing more is to be had now. */
static bool read_input(struct client *c)
{
    char *data = c->streams->scratch + STDCOPY_HEADER;
    ssize_t n = read(c->source.fd, data, READ_SIZE);
    if (n > 0) {
        take_input(c, data, (size_t)n);
        return !c->gone;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    end_input(c);
    return false;
}

void client_take_last(struct client *c)
{
    if (!c->options.in || c->in_ended) return;
    c->gone = false;
    while (read_input(c)) {
    }
    if (!c->by_keys) end_input(c);
    c->gone = true;
}

static void client_ready(struct source *source, uint32_t events)
{
    struct client *c = OWNER_OF(source, struct client, source);
    streams_changed(c->streams);
    if (events & (EPOLLHUP | EPOLLERR)) {
        c->gone = true;
        return;
    }
    if (events & EPOLLOUT) {
        if (buffer_flush(&c->pending, source->fd) != 0)
            c->gone = true;
        else if (c->ending && c->pending.len == 0)
            c->gone = true;
    }
    if (events & EPOLLIN && !c->gone) read_input(c);
}

struct client *client_new(struct streams *streams, int fd, struct attach_options *options)
{
    struct client *c = calloc(1, sizeof(*c));
    int flags = fcntl(fd, F_GETFL);
    if (c == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) goto failed;
    c->source = (struct source){.fd = fd, .ready = client_ready};
    c->streams = streams;
    if (loop_watch(streams->loop, &c->source, EPOLLHUP) != 0) goto failed;
    c->options = *options;
    options->early = (struct buffer){0};
    if (c->options.in && c->options.early.len > 0)
        take_input(c, buffer_head(&c->options.early), c->options.early.len);
    buffer_free(&c->options.early);
    return c;
failed:
    free(c);
    close(fd);
    return NULL;
}

void client_output(struct client *c, int stream, char *data, size_t len)
{
    if (c->gone || !(stream == 2 ? c->options.err : c->options.out)) return;
    if (c->options.mux) {
        data -= STDCOPY_HEADER;
        stdcopy_header(data, stream, len);
        len += STDCOPY_HEADER;
    }
    if (c->pending.len == 0 && c->options.hold == 0) {
        ssize_t n;
        do n = write(c->source.fd, data, len);
        while (n < 0 && errno == EINTR);
        if (n < 0 && errno != EAGAIN) {
            c->gone = true;
            return;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    /* A frame that lacks its end would garble all that follows: without memory for it the client has to go.
     */
    if (!buffer_append(&c->pending, data, len)) c->gone = true;
}

void client_watch(struct client *c, bool in_has_room)
{
    uint32_t events = EPOLLHUP; /* is always reported; but 0 would take it out of the set */
    if (c->pending.len > 0 && c->options.hold == 0) events |= EPOLLOUT;
    if (c->options.in && !c->in_ended && in_has_room) events |= EPOLLIN;
    loop_watch(c->streams->loop, &c->source, events);
}

/*
 * The shim waits for no client: what is pending, a few hundred KiB at most, goes into the socket's own
 * buffer, made large enough for it, and reaches the client however late it reads. (Twice, since the kernel
 * counts its overhead too.)
 */
static void deliver_pending(struct client *c)
{
    /* What comes before it has never been sent: half of a story is worse than none. */
    if (c->options.hold != 0) return;
    if ((c->gone && !c->by_keys) || c->pending.len == 0 || buffer_flush(&c->pending, c->source.fd) != 0)
        return;
    int size = 0;
    socklen_t len = sizeof(size);
    if (c->pending.len == 0 || getsockopt(c->source.fd, SOL_SOCKET, SO_SNDBUF, &size, &len) != 0) return;
    size += (int)c->pending.len * 2 + 65536;
    setsockopt(c->source.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    buffer_flush(&c->pending, c->source.fd);
}

void client_free(struct client *c, bool keep_open)
{
    deliver_pending(c);
    if (!keep_open) {
        /*
         * Closing a socket with input unread would make its peer see ECONNRESET in place of the end of the
         * output. After the shutdown none can arrive any more, and what is there is read away.
         */
        shutdown(c->source.fd, SHUT_RDWR);
        while (recv(c->source.fd, c->streams->scratch, READ_SIZE, MSG_DONTWAIT) > 0) {
        }
    }
    loop_discard(c->streams->loop, &c->source);
    buffer_free(&c->pending);
    buffer_free(&c->options.early);
    free(c);
}
