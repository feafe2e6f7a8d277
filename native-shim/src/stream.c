#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/*
 * A process that writes without pause wakes its reader for each line, and waits for it whenever the pipe is full:
 * dear for both. After BURST_READS reads, each less than 2 * BURST_NS after the one before, its pipe is made
 * larger, and where little was in it, it is given time to fill.
 */
#define BURST_READS 8
#define BURST_NS 250000
#define BURST_SMALL 16384
#define BURST_PIPE (1 << 20)
#define BURST_PIPE_NS 1000000

static bool held_back(const struct streams *s)
{
    for (const struct client *c = s->clients; c != NULL; c = c->next)
        if (!c->gone && (c->pending.len > 0 || c->options.hold != 0)) return true;
    return false;
}

bool streams_has_held(const struct streams *s)
{
    for (const struct client *c = s->clients; c != NULL; c = c->next)
        if (!c->gone && c->options.hold != 0) return true;
    return false;
}

bool streams_release(struct streams *s, const void *holder, int hold)
{
    bool found = false;
    for (struct client *c = s->clients; c != NULL; c = c->next) {
        if (c->options.hold == 0 || c->options.holder != holder) continue;
        if (hold == 0)
            c->gone = true;
        else if (c->options.hold != hold)
            continue;
        else
            c->options.hold = 0;
        found = true;
        streams_changed(s);
    }
    return found;
}

static void let_burst_gather(struct output *o, size_t len, const struct timespec *now)
{
    uint64_t ns = (uint64_t)now->tv_sec * 1000000000 + (uint64_t)now->tv_nsec;
    if (ns - o->last_ns > 2 * BURST_NS)
        o->burst = 0;
    else if (o->burst < BURST_READS)
        o->burst++;
    o->last_ns = ns;
    if (o->burst == BURST_READS && !o->asked) {
        o->asked = true;
        /* A terminal is no pipe, and there may be no memory for a larger one. */
        o->wide = fcntl(o->source.fd, F_SETPIPE_SZ, BURST_PIPE) >= BURST_PIPE;
    }
    if (o->burst < BURST_READS || len >= (o->wide ? OUTPUT_READ : BURST_SMALL)) return;
    long pause = o->wide ? BURST_PIPE_NS : BURST_NS;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = pause}, NULL);
    o->last_ns += (uint64_t)pause;
}

static void output_end(struct output *o)
{
    struct timespec now;
    if (o->ended) return;
    o->ended = true;
    loop_discard(o->streams->loop, &o->source);
    clock_gettime(CLOCK_REALTIME, &now);
    if (o->streams->log != NULL) log_end(o->streams->log, o->number, &now);
}

/* One read, to the log first, then to every client. Returns its size, 0 where there is nothing now or no
 * more. */
static size_t output_read(struct output *o, struct timespec *now)
{
    struct streams *s = o->streams;
    char *data = s->scratch + STDCOPY_HEADER;
    ssize_t n = read(o->source.fd, data, OUTPUT_READ);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) {
        output_end(o); /* EIO: nobody has the terminal any more */
        return 0;
    }
    clock_gettime(CLOCK_REALTIME, now);
    if (s->log != NULL) log_write(s->log, o->number, data, (size_t)n, now);
    for (struct client *c = s->clients; c != NULL; c = c->next) {
        client_output(c, o->number, data, (size_t)n);
        if (c->gone || c->pending.len > 0) streams_changed(s);
    }
    return (size_t)n;
}

static void output_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct output *o = OWNER_OF(source, struct output, source);
    struct timespec now;
    if (held_back(o->streams)) return; /* by what the other stream has sent in this round */
    size_t n = output_read(o, &now);
    if (n > 0) let_burst_gather(o, n, &now);
}

static void input_close(struct streams *s)
{
    loop_discard(s->loop, &s->in);
    buffer_free(&s->in_queue);
    s->in_open = false;
}

static void input_flush(struct streams *s)
{
    if (s->in.fd < 0) return; /* not started yet */
    if (buffer_flush(&s->in_queue, s->in.fd) != 0)
        input_close(s); /* nobody reads it */
    else if (s->in_ending && s->in_queue.len == 0)
        input_close(s);
    else
        loop_watch(s->loop, &s->in, s->in_queue.len > 0 ? EPOLLOUT : 0);
    streams_changed(s);
}

static void input_ready(struct source *source, uint32_t events)
{
    (void)events;
    input_flush(OWNER_OF(source, struct streams, in));
}

void streams_input(struct streams *s, const char *data, size_t len)
{
    if (!s->in_open || s->in_ending || len == 0) return;
    bool idle = s->in_queue.len == 0;
    if (idle && s->in.fd >= 0) {
        ssize_t n = write(s->in.fd, data, len);
        if (n == (ssize_t)len) return;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    if (!buffer_append(&s->in_queue, data, len))
        input_close(s);
    else if (idle)
        input_flush(s);
}

bool streams_input_end(struct streams *s)
{
    if (!s->in_once || s->terminal) return false;
    s->in_ending = true;
    input_flush(s);
    return true;
}

static int make_pipe(struct source *ours, int our_end, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    ours->fd = ends[our_end];
    *theirs = ends[1 - our_end];
    /* Ours alone: the flag belongs to the open file, and programs do not expect EAGAIN from their stdout. */
    return fcntl(ours->fd, F_SETFL, O_NONBLOCK) != 0 ? -errno : 0;
}

void streams_init(struct streams *s, struct loop *loop, char *scratch)
{
    *s = (struct streams){.loop = loop, .scratch = scratch, .console = -1};
    s->in = (struct source){.fd = -1, .ready = input_ready};
    for (int i = 0; i < 2; i++)
        s->out[i] = (struct output){
            .source = {.fd = -1, .ready = output_ready}, .streams = s, .number = i + 1, .ended = true};
}

int streams_pipes(struct streams *s, bool output, struct child_stdio *child)
{
    *child = (struct child_stdio){-1, -1, -1};
    if (s->terminal) return 0;
    int rc = s->in_open ? make_pipe(&s->in, 1, &child->in) : 0;
    if (rc == 0 && output) rc = make_pipe(&s->out[0].source, 0, &child->out);
    if (rc == 0 && output) rc = make_pipe(&s->out[1].source, 0, &child->err);
    return rc;
}

void child_stdio_close(struct child_stdio *child)
{
    if (child->in >= 0) close(child->in);
    if (child->out >= 0) close(child->out);
    if (child->err >= 0) close(child->err);
    *child = (struct child_stdio){-1, -1, -1};
}

void streams_started(struct streams *s, int console)
{
    s->running = true;
    if (console >= 0) {
        s->out[0].source.fd = console;
        fcntl(console, F_SETFL, fcntl(console, F_GETFL) | O_NONBLOCK);
        if (s->in_open) s->in.fd = fcntl(console, F_DUPFD_CLOEXEC, 3);
        /* Held so that a process which closes the terminal and opens it again later does not end the stream.
         */
        s->console = ioctl(console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    for (int i = 0; i < 2; i++) s->out[i].ended = s->out[i].source.fd < 0;
    if (s->in_queue.len > 0 || s->in_ending) input_flush(s);
    streams_changed(s);
}

/* The lines that have begun and are not in the log yet: a held client is told of all that is from there. */
static void send_begun(struct streams *s, struct client *c)
{
    for (int stream = 1; stream <= 2 && s->log != NULL; stream++) {
        const struct buffer *begun = log_begun(s->log, stream);
        if (begun->len == 0) continue;
        char *data = s->scratch + STDCOPY_HEADER;
        memcpy(data, buffer_head(begun), begun->len);
        client_output(c, stream, data, begun->len);
    }
}

bool streams_attach(struct streams *s, int fd, struct attach_options *options)
{
    if (!s->in_open) options->in = false;
    if (s->terminal) options->mux = false;
    struct client *c = client_new(s, fd, options);
    if (c == NULL) return false;
    /* At the end: all clients get their output in the order in which they came. */
    struct client **last = &s->clients;
    while (*last != NULL) last = &(*last)->next;
    *last = c;
    if (c->options.hold != 0) send_begun(s, c);
    streams_changed(s);
    return true;
}

void streams_changed(struct streams *s)
{
    s->changed = true;
    s->on_change(s);
}

void streams_settle(struct streams *s)
{
    if (!s->changed) return;
    s->changed = false;
    for (struct client **at = &s->clients; *at != NULL;) {
        struct client *c = *at;
        if (c->gone) {
            client_take_last(c);
            bool by_keys = c->by_keys;
            *at = c->next;
            client_free(c, false);
            s->on_detach(s, by_keys);
        } else {
            client_watch(c, s->running && s->in.fd >= 0 && s->in_queue.len == 0 && !s->in_ending);
            at = &c->next;
        }
    }
    bool held = held_back(s);
    for (int i = 0; i < 2; i++)
        if (!s->out[i].ended) loop_watch(s->loop, &s->out[i].source, held ? 0 : EPOLLIN);
}

/* What the pipe or terminal can hold: more than that is written only now, by a descendant that still lives.
 */
static size_t capacity(int fd)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    return size > 0 ? (size_t)size : 2 * OUTPUT_READ;
}

void streams_drain(struct streams *s)
{
    struct timespec now;
    s->running = false;
    if (s->console >= 0) close(s->console);
    s->console = -1;
    for (int i = 0; i < 2; i++) {
        if (s->out[i].ended) continue;
        for (size_t left = capacity(s->out[i].source.fd), n = 1; left > 0 && n > 0; left -= n) {
            n = output_read(&s->out[i], &now);
            if (n > left) n = left;
        }
        output_end(&s->out[i]);
    }
    input_close(s);
    streams_changed(s);
}

void streams_close_clients(struct streams *s, bool keep_open)
{
    while (s->clients != NULL) {
        struct client *c = s->clients;
        s->clients = c->next;
        client_free(c, keep_open);
    }
}

int streams_resize(struct streams *s, uint16_t rows, uint16_t cols)
{
    if (s->out[0].ended || !s->terminal) return -ENOTTY;
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    return ioctl(s->out[0].source.fd, TIOCSWINSZ, &size) != 0 ? -errno : 0;
}

void streams_close(struct streams *s)
{
    for (int i = 0; i < 2; i++) loop_discard(s->loop, &s->out[i].source);
    if (s->console >= 0) close(s->console);
    s->console = -1;
    input_close(s);
    streams_close_clients(s, false);
}
