#include "log-receiver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "log-address.h"
#include "log-message.h"

#define CONNECT_MS 2000
#define RETRY_S 1
#define LINGER_MS 500

/* Messages stand in the ring one behind the other, each with its length before it. */
struct log_receiver_state {
    const struct log_config *config;
    struct loop *loop;
    struct source source, timer;
    struct log_address address;
    bool connecting;
    char *ring;
    size_t head, len, size;
    size_t sent; /* of the message at the head, on a stream */
    uint64_t lost;
    int error, told; /* why the receiver takes nothing; what was told last */
    bool lossy;      /* records have been lost since the ring was last empty */
    struct buffer message;
};

static void copy_in(struct log_receiver_state *r, const void *data, size_t len)
{
    size_t at = (r->head + r->len) % r->size, first = r->size - at < len ? r->size - at : len;
    memcpy(r->ring + at, data, first);
    memcpy(r->ring, (const char *)data + first, len - first);
    r->len += len;
}

static size_t message_length(const struct log_receiver_state *r)
{
    uint32_t length;
    for (size_t i = 0; i < sizeof(length); i++) ((char *)&length)[i] = r->ring[(r->head + i) % r->size];
    return length;
}

static void drop_message(struct log_receiver_state *r)
{
    size_t n = sizeof(uint32_t) + message_length(r);
    r->head = (r->head + n) % r->size;
    r->len -= n;
    r->sent = 0;
    if (r->len > 0) return;
    r->head = 0;
    r->lossy = false;
}

static void disconnect(struct log_receiver_state *r, int error)
{
    loop_discard(r->loop, &r->source);
    r->connecting = false;
    r->error = error;
    r->sent = 0; /* a message that was cut off is sent again, whole */
    struct itimerspec when = {.it_value = {.tv_sec = RETRY_S}};
    timerfd_settime(r->timer.fd, 0, &when, NULL);
}

/* Begins to connect. Returns 0, also where it is still going on, or -errno. */
static int begin_connect(struct log_receiver_state *r)
{
    int fd = socket(r->address.name.any.sa_family, r->address.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    r->source.fd = fd;
    r->source.watched = 0;
    if (connect(fd, &r->address.name.any, r->address.len) == 0) return 0;
    if (errno == EINPROGRESS) {
        r->connecting = true;
        return 0;
    }
    int error = errno;
    close(fd);
    r->source.fd = -1;
    return -error;
}

static int end_connect(struct log_receiver_state *r)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(r->source.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    r->connecting = false;
    return -error;
}

/* Sends the message at the head, or what is left of it: >0, or -errno. */
static ssize_t send_head(struct log_receiver_state *r)
{
    size_t left = message_length(r) - r->sent, at = (r->head + sizeof(uint32_t) + r->sent) % r->size;
    size_t first = r->size - at < left ? r->size - at : left;
    struct iovec parts[2] = {{r->ring + at, first}, {r->ring, left - first}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = first < left ? 2 : 1};
    ssize_t n = sendmsg(r->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

static void went_out(struct log_receiver_state *r, size_t n)
{
    r->error = 0;
    r->sent += n;
    if (r->sent == message_length(r)) drop_message(r);
}

void receiver_flush(struct log_receiver_state *r)
{
    while (r->source.fd >= 0 && !r->connecting && r->len > 0) {
        ssize_t n = send_head(r);
        if (n >= 0) {
            went_out(r, (size_t)n);
        } else if (n == -EMSGSIZE) {
            r->lost++;
            drop_message(r);
        } else if (n == -EAGAIN || n == -ENOBUFS) {
            break;
        } else if (n == -ECONNREFUSED && r->address.type == SOCK_DGRAM &&
                   r->address.name.any.sa_family != AF_UNIX) {
            /* An ICMP message about an earlier datagram: nobody knows whether this one will be heard. */
            if (send_head(r) < 0) r->lost++;
            drop_message(r);
        } else if (n != -EINTR) {
            disconnect(r, (int)-n);
        }
    }
    if (r->source.fd >= 0)
        loop_watch(r->loop, &r->source, r->connecting || r->len > 0 ? EPOLLOUT | EPOLLHUP : EPOLLHUP);
}

static void source_ready(struct source *source, uint32_t events)
{
    struct log_receiver_state *r = OWNER_OF(source, struct log_receiver_state, source);
    int rc = 0;
    if (r->connecting) {
        rc = end_connect(r);
        if (rc == 0) r->error = 0;
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        rc = end_connect(r); /* the error that stands on the socket */
        if (rc == 0 && events & EPOLLHUP) rc = -EPIPE;
    }
    if (rc == -ECONNREFUSED && r->address.type == SOCK_DGRAM && r->address.name.any.sa_family != AF_UNIX)
        rc = 0;
    if (rc != 0)
        disconnect(r, -rc);
    else
        receiver_flush(r);
}

static void timer_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct log_receiver_state *r = OWNER_OF(source, struct log_receiver_state, timer);
    uint64_t expirations;
    if (read(source->fd, &expirations, sizeof(expirations)) < 0 || r->source.fd >= 0) return;
    int rc = begin_connect(r);
    if (rc < 0)
        disconnect(r, -rc);
    else
        receiver_flush(r);
}

struct log_receiver_state *receiver_new(const struct log_config *config, struct loop *loop)
{
    struct log_receiver_state *r = calloc(1, sizeof(*r));
    if (r == NULL) return NULL;
    r->config = config;
    r->loop = loop;
    r->size = config->buffer_size;
    r->source = (struct source){.fd = -1, .ready = source_ready};
    r->timer = (struct source){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                               .ready = timer_ready};
    void *ring =
        mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    r->ring = ring == MAP_FAILED ? NULL : ring;
    if (r->ring != NULL && loop_watch(loop, &r->timer, EPOLLIN) == 0) return r;
    receiver_free(r);
    return NULL;
}

static int fail(char *error, size_t size, const struct log_receiver_state *r, int rc)
{
    snprintf(error, size, "failed to initialize logging driver: connect to %s", r->config->address);
    return rc;
}

int receiver_connect(struct log_receiver_state *r, char *error, size_t size)
{
    int rc = log_address_parse(&r->address, r->config->address);
    if (rc < 0) return fail(error, size, r, rc);
    rc = begin_connect(r);
    /* unix:// leaves open which kind of socket it is. */
    if (rc == -EPROTOTYPE && r->address.either) {
        r->address.type = SOCK_STREAM;
        rc = begin_connect(r);
    }
    if (rc == 0 && r->connecting) {
        struct pollfd p = {.fd = r->source.fd, .events = POLLOUT};
        rc = poll(&p, 1, CONNECT_MS) == 1 ? end_connect(r) : -ETIMEDOUT;
    }
    if (rc == 0) rc = loop_watch(r->loop, &r->source, EPOLLHUP);
    if (rc == 0) return 0;
    loop_discard(r->loop, &r->source);
    return fail(error, size, r, rc);
}

void receiver_record(struct log_receiver_state *r, const struct log_entry *entry)
{
    r->message.len = r->message.start = 0;
    if (r->config->receiver == LOG_SYSLOG)
        message_syslog(&r->message, r->config, entry);
    else
        message_journal(&r->message, r->config, entry);
    uint32_t length = (uint32_t)r->message.len;
    if (!r->message.failed && r->size - r->len < sizeof(length) + length) receiver_flush(r);
    if (r->message.failed || r->size - r->len < sizeof(length) + length) {
        r->message.failed = false;
        r->lost++;
        r->lossy = true;
        return;
    }
    copy_in(r, &length, sizeof(length));
    copy_in(r, buffer_head(&r->message), length);
}

bool receiver_trouble(struct log_receiver_state *r, struct receiver_trouble *trouble)
{
    /* One that is there but does not keep up has no error of its own. */
    int error = r->error != 0 ? r->error : r->lossy ? ENOBUFS : 0;
    if (error == r->told || (error != 0 && r->told != 0)) return false;
    r->told = error;
    *trouble = (struct receiver_trouble){.error = error, .lost = r->lost};
    return true;
}

void receiver_trim(struct log_receiver_state *r)
{
    buffer_free(&r->message);
    if (r->len == 0) madvise(r->ring, r->size, MADV_DONTNEED);
}

void receiver_free(struct log_receiver_state *r)
{
    struct pollfd p = {.fd = r->source.fd, .events = POLLOUT};
    while (r->source.fd >= 0 && r->len > 0 && poll(&p, 1, LINGER_MS) == 1 && p.revents == POLLOUT) {
        if (r->connecting && end_connect(r) != 0) break;
        receiver_flush(r);
        p.fd = r->source.fd;
    }
    loop_discard(r->loop, &r->source);
    loop_discard(r->loop, &r->timer);
    if (r->ring != NULL) munmap(r->ring, r->size);
    buffer_free(&r->message);
    free(r);
}
