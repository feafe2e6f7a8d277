/*
 * Messages to the kernel's routing sockets (rtnetlink(7)). Several go in one datagram: the kernel handles them in
 * order within the one system call, so that nobody who is killed leaves half of a batch.
 */
#ifndef TD_NETLINK_H
#define TD_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink {
    int fd; /* in the network namespace that it was opened in; -1 */
    uint32_t seq;
    struct nlmsghdr *message; /* the one that is being written */
    size_t len;
    bool overflow;
    char buffer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* Opens a socket in the namespace that the caller is in. 0 or -1 with errno. */
int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

/* Begins a message of TYPE, whose fixed part is HEADER. */
void netlink_begin(struct netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size);

/* Attributes of the message that was begun last. */
void netlink_put(struct netlink *nl, uint16_t type, const void *data, size_t size);
void netlink_put_u32(struct netlink *nl, uint16_t type, uint32_t value);
void netlink_put_u16(struct netlink *nl, uint16_t type, uint16_t value);
void netlink_put_u8(struct netlink *nl, uint16_t type, uint8_t value);
void netlink_put_text(struct netlink *nl, uint16_t type, const char *text);

/* An attribute of attributes; its end is where netlink_nested is called with what this returned. */
size_t netlink_nest(struct netlink *nl, uint16_t type);
void netlink_nested(struct netlink *nl, size_t nest);

/* Room within a nest for a fixed part that the kernel wants before the attributes. */
void netlink_put_raw(struct netlink *nl, const void *data, size_t size);

/* Sends what was begun since the last call. 0, or -1 with the errno of the first message that failed; those behind it
 * have been carried out all the same. */
int netlink_send(struct netlink *nl);

/* Sends one dump request and calls EACH for every message of the answer, until it returns other than 0, which is
 * returned; -1 with errno. */
int netlink_dump(struct netlink *nl, uint16_t type, uint8_t family,
                 int (*each)(const struct nlmsghdr *message, void *context), void *context);

/* The number of a link; 0 with errno. */
unsigned netlink_index(const struct netlink *nl, const char *name);

#endif
