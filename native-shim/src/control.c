#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* What a connection that does not read may have waiting: the answer to start with its steps is the largest
 * line. */
#define OUT_MAX (4 * 1024 * 1024)
#define CONNECTIONS_MAX 64

static void changed(struct control *control)
{
    control->changed = true;
    control->on_change(control);
}

static void drop(struct connection *c)
{
    c->dead = true;
    changed(c->control);
}

static void forget_fds_before(struct connection *c, uint64_t offset)
{
    while (c->nfds > 0 && c->fds[0].to <= offset) {
        close(c->fds[0].fd);
        memmove(&c->fds[0], &c->fds[1], --c->nfds * sizeof(c->fds[0]));
    }
}

/* The kernel ends a read after bytes that carry descriptors: these belong to the last message in [from, to).
 */
static bool collect_fds(struct connection *c, struct msghdr *message, uint64_t from, uint64_t to)
{
    bool fits = true;
    for (struct cmsghdr *m = CMSG_FIRSTHDR(message); m != NULL; m = CMSG_NXTHDR(message, m)) {
        if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(m) + i * sizeof(int), sizeof(int));
            if (c->nfds == CONTROL_FDS_MAX) {
                close(fd);
                fits = false;
                continue;
            }
            c->fds[c->nfds].fd = fd;
            c->fds[c->nfds].from = from;
            c->fds[c->nfds++].to = to;
        }
    }
    return fits;
}

int connection_take_fd(struct connection *c)
{
    forget_fds_before(c, c->line + 1);
    if (c->nfds == 0 || c->fds[0].from > c->line) return -1;
    int fd = c->fds[0].fd;
    memmove(&c->fds[0], &c->fds[1], --c->nfds * sizeof(c->fds[0]));
    return fd;
}

static void handle_lines(struct connection *c)
{
    while (!c->dead && c->scanned < c->in.len) {
        char *line = buffer_head(&c->in);
        const char *newline = memchr(line + c->scanned, '\n', c->in.len - c->scanned);
        size_t len = newline == NULL ? c->in.len : (size_t)(newline - line);
        if (len > CONTROL_LINE_MAX) {
            drop(c);
            return;
        }
        if (newline == NULL) {
            c->scanned = c->in.len;
            return;
        }
        c->line = c->offset;
        c->control->on_line(c->control, c, line, len);
        buffer_consume(&c->in, len + 1);
        c->offset += len + 1;
        c->scanned = 0;
        forget_fds_before(c, c->offset);
    }
}

static void receive(struct connection *c)
{
    union {
        char space[CMSG_SPACE(CONTROL_FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } ancillary;
    struct iovec part = {.iov_base = c->control->scratch, .iov_len = c->control->scratch_size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};
    ssize_t n = recvmsg(c->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        drop(c);
        return;
    }
    uint64_t from = c->offset + c->in.len;
    if (!collect_fds(c, &message, from, from + (uint64_t)n) ||
        !buffer_append(&c->in, c->control->scratch, (size_t)n)) {
        drop(c);
        return;
    }
    handle_lines(c);
}

static void watch(struct connection *c)
{
    loop_watch(c->control->loop, &c->source, c->out.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void connection_ready(struct source *source, uint32_t events)
{
    struct connection *c = OWNER_OF(source, struct connection, source);
    if (c->dead) return;
    if (events & EPOLLOUT) {
        if (buffer_flush(&c->out, source->fd) != 0)
            drop(c);
        else
            watch(c);
    }
    if (!c->dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
}

struct connection *control_add(struct control *control, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    if (c == NULL) goto failed;
    c->source = (struct source){.fd = fd, .ready = connection_ready};
    c->control = control;
    if (loop_watch(control->loop, &c->source, EPOLLIN) != 0) goto failed;
    c->next = control->connections;
    control->connections = c;
    return c;
failed:
    free(c);
    close(fd);
    return NULL;
}

static void listener_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct control *control = OWNER_OF(source, struct control, listener);
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        /* Out of descriptors or memory the socket would stay ready: it rests until something has been closed.
         */
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) loop_watch(control->loop, source, 0);
        return;
    }
    size_t count = 0;
    for (const struct connection *c = control->connections; c != NULL; c = c->next) count++;
    if (count >= CONNECTIONS_MAX)
        close(fd);
    else
        control_add(control, fd);
}

int control_listen(struct control *control, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(name) >= sizeof(address.sun_path)) return -ENAMETOOLONG;
    strcpy(address.sun_path, name);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    unlink(name);
    /* By the umask, since a chmod after bind would leave a moment in which others may connect. */
    mode_t mask = umask(0177);
    int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
    int error = errno;
    umask(mask);
    if (rc != 0 || listen(fd, 16) != 0) {
        if (rc == 0) error = errno;
        close(fd);
        return -error;
    }
    control->listener = (struct source){.fd = fd, .ready = listener_ready};
    return loop_watch(control->loop, &control->listener, EPOLLIN);
}

void connection_send(struct connection *c, const struct buffer *line)
{
    if (c->dead) return;
    if (line->failed || c->out.len + line->len > OUT_MAX ||
        !buffer_append(&c->out, buffer_head(line), line->len) || buffer_flush(&c->out, c->source.fd) != 0)
        drop(c);
    else
        watch(c);
}

void control_broadcast(struct control *control, const struct buffer *line)
{
    for (struct connection *c = control->connections; c != NULL; c = c->next) connection_send(c, line);
}

static void connection_free(struct connection *c)
{
    loop_discard(c->control->loop, &c->source);
    for (size_t i = 0; i < c->nfds; i++) close(c->fds[i].fd);
    buffer_free(&c->in);
    buffer_free(&c->out);
    free(c);
}

void control_settle(struct control *control)
{
    loop_watch(control->loop, &control->listener, EPOLLIN);
    if (!control->changed) return;
    control->changed = false;
    for (struct connection **at = &control->connections; *at != NULL;) {
        struct connection *c = *at;
        if (!c->dead) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        control->on_close(control, c);
        connection_free(c);
    }
}

void control_close(struct control *control)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    loop_discard(control->loop, &control->listener);
    while (control->connections != NULL) {
        struct connection *c = control->connections;
        while (!c->dead && c->out.len > 0) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            long left = 1000 - (now.tv_sec - start.tv_sec) * 1000 - (now.tv_nsec - start.tv_nsec) / 1000000;
            struct pollfd writable = {.fd = c->source.fd, .events = POLLOUT};
            if (left <= 0 || poll(&writable, 1, (int)left) <= 0) break;
            if (buffer_flush(&c->out, c->source.fd) != 0) break;
        }
        control->connections = c->next;
        connection_free(c);
    }
}
