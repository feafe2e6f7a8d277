/*
 * The sockets of the container's name server, 127.0.0.11 port 53 in its network namespace. The shim opens and keeps them, the
 * daemon answers: what is asked while there is no daemon waits in their buffers for the next.
 *
 * They are not bound to port 53, where they would keep a name server of the container's own from binding that of all addresses: a
 * program attached to the namespace (BPF_PROG_TYPE_SK_LOOKUP, since Linux 5.9) gives them what comes for this one address. It is
 * asked before any table of sockets, and needs no rule in the container's packet filter and no tracking of connections. The
 * listening socket's connections have port 53 by themselves; answers over UDP are written with their headers to a raw socket.
 */
#ifndef TD_RESOLVER_H
#define TD_RESOLVER_H

#include "loop.h"
#include "step.h"

struct resolver {
    struct source udp, tcp; /* their descriptors -1: there is none */
    int raw;                /* sends only */
    int link;               /* the program lives as long as it */
};

#define RESOLVER_NONE ((struct resolver){.udp = {.fd = -1}, .tcp = {.fd = -1}, .raw = -1, .link = -1})

/* Opens them in the namespace that the caller is in. 0, or -1 with s->failure and nothing open. */
int resolver_open(struct steps *s, struct resolver *r);

/* Hands them over through a connected Unix socket: the datagrams', the listening one, the raw one. 0 or -errno. */
int resolver_send(const struct resolver *r, int fd);

void resolver_close(struct resolver *r);

#endif
