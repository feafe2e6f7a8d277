#include "netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel makes its parts of a dump no larger. */
#define DUMP_SIZE 32768

int netlink_open(struct netlink *nl)
{
    nl->seq = 0;
    nl->message = NULL;
    nl->len = 0;
    nl->overflow = false;
    nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return nl->fd < 0 ? -1 : 0;
}

void netlink_close(struct netlink *nl)
{
    if (nl->fd >= 0) close(nl->fd);
    nl->fd = -1;
}

static void *reserve(struct netlink *nl, size_t size)
{
    size_t padded = NLMSG_ALIGN(size);
    if (nl->overflow || padded > sizeof nl->buffer - nl->len) {
        nl->overflow = true;
        return NULL;
    }
    char *at = nl->buffer + nl->len;
    memset(at, 0, padded);
    nl->len += padded;
    if (nl->message) nl->message->nlmsg_len = (uint32_t)(nl->buffer + nl->len - (char *)nl->message);
    return at;
}

void netlink_begin(struct netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size)
{
    nl->message = NULL;
    struct nlmsghdr *message = reserve(nl, NLMSG_HDRLEN);
    if (!message) return;
    nl->message = message;
    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    message->nlmsg_seq = ++nl->seq;
    netlink_put_raw(nl, header, size);
}

void netlink_put_raw(struct netlink *nl, const void *data, size_t size)
{
    void *at = reserve(nl, size);
    if (at) memcpy(at, data, size);
}

void netlink_put(struct netlink *nl, uint16_t type, const void *data, size_t size)
{
    struct rtattr *attribute = reserve(nl, RTA_LENGTH(size));
    if (!attribute) return;
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    if (size > 0) memcpy(RTA_DATA(attribute), data, size);
}

void netlink_put_u32(struct netlink *nl, uint16_t type, uint32_t value)
{
    netlink_put(nl, type, &value, sizeof value);
}

void netlink_put_u16(struct netlink *nl, uint16_t type, uint16_t value)
{
    netlink_put(nl, type, &value, sizeof value);
}

void netlink_put_u8(struct netlink *nl, uint16_t type, uint8_t value)
{
    netlink_put(nl, type, &value, sizeof value);
}

void netlink_put_text(struct netlink *nl, uint16_t type, const char *text)
{
    netlink_put(nl, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink *nl, uint16_t type)
{
    size_t at = nl->len;
    netlink_put(nl, type, NULL, 0);
    return at;
}

void netlink_nested(struct netlink *nl, size_t nest)
{
    if (nl->overflow) return;
    struct rtattr *attribute = (struct rtattr *)(void *)(nl->buffer + nest);
    attribute->rta_len = (unsigned short)(nl->len - nest);
}

static ssize_t receive(int fd, void *buffer, size_t size)
{
    ssize_t n;
    do {
        n = recv(fd, buffer, size, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    if (n > (ssize_t)size) {
        errno = EMSGSIZE;
        return -1;
    }
    return n;
}

static int transmit(struct netlink *nl)
{
    size_t len = nl->len;
    bool overflow = nl->overflow;
    nl->len = 0;
    nl->message = NULL;
    nl->overflow = false;
    if (overflow) {
        errno = EMSGSIZE;
        return -1;
    }
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    return sendto(nl->fd, nl->buffer, len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 ? -1 : 0;
}

/* Answers are there when the request has been sent: the kernel works in the sender's system call. */
int netlink_send(struct netlink *nl)
{
    if (nl->message) nl->message->nlmsg_flags |= NLM_F_ACK;
    uint32_t last = nl->seq;
    if (transmit(nl) < 0) return -1;
    /* An error repeats the message that it is about. */
    char answer[sizeof nl->buffer + 256] __attribute__((aligned(NLMSG_ALIGNTO)));
    int error = 0;
    for (;;) {
        ssize_t n = receive(nl->fd, answer, sizeof answer);
        if (n < 0) return -1;
        for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, (size_t)n); m = NLMSG_NEXT(m, n)) {
            if (m->nlmsg_type != NLMSG_ERROR) continue;
            const struct nlmsgerr *e = NLMSG_DATA(m);
            if (e->error && !error) error = -e->error;
            if (m->nlmsg_seq != last) continue;
            errno = error;
            return error ? -1 : 0;
        }
    }
}

static int take_part(const char *buffer, ssize_t n, uint32_t seq,
                     int (*each)(const struct nlmsghdr *message, void *context), void *context, bool *done)
{
    for (const struct nlmsghdr *m = (const void *)buffer; NLMSG_OK(m, (size_t)n); m = NLMSG_NEXT(m, n)) {
        if (m->nlmsg_seq != seq) continue;
        if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) {
            const int *error = NLMSG_DATA(m);
            *done = true;
            if (*error >= 0) return 0;
            errno = -*error;
            return -1;
        }
        int rc = each(m, context);
        if (rc != 0) return rc;
    }
    return 0;
}

int netlink_dump(struct netlink *nl, uint16_t type, uint8_t family,
                 int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
    /* Every request for a dump begins with the family; older kernels want the whole of the longest header. */
    struct ifinfomsg header = {.ifi_family = family};
    netlink_begin(nl, type, NLM_F_DUMP, &header, sizeof header);
    char *buffer = malloc(DUMP_SIZE);
    int rc = buffer && transmit(nl) == 0 ? 0 : -1;
    for (bool done = false; rc == 0 && !done;) {
        ssize_t n = receive(nl->fd, buffer, DUMP_SIZE);
        rc = n < 0 ? -1 : take_part(buffer, n, nl->seq, each, context, &done);
    }
    int saved = errno;
    free(buffer);
    errno = saved;
    return rc;
}

unsigned netlink_index(const struct netlink *nl, const char *name)
{
    struct ifreq request = {0};
    size_t n = strlen(name);
    if (n >= sizeof request.ifr_name) {
        errno = ENODEV;
        return 0;
    }
    memcpy(request.ifr_name, name, n);
    return ioctl(nl->fd, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}
