/*
 * The interfaces of a container's network namespace. The namespace itself is namespace.c's; bridges are the daemon's.
 *
 * All of it takes two messages: one to the host's side, which makes a pair of interfaces right into both
 * namespaces, and one to the container's, for addresses, routes and the link's state. When a container ends, its interfaces go
 * with the namespace, whose end nobody waits for: to remove a pair takes twenty milliseconds.
 */
#ifndef TD_NETWORK_H
#define TD_NETWORK_H

#include "network-config.h"
#include "step.h"

/* Opens the socket to the side that the caller is in; nothing where there are no interfaces. 0, or -1 with s->failure. */
int network_open(struct steps *s, const struct network_config *n, struct netlink *host);

/* Makes the interfaces. The caller is in the container's namespace, of which NAMESPACE is a handle. */
int network_make(struct steps *s, const struct network_config *n, struct netlink *host, int namespace);

/* The same, by a caller who is not in the namespace, which belongs to another user namespace. */
int network_make_apart(struct steps *s, const struct network_config *n, int namespace);

/* One interface more, or one less, in a namespace that the caller is not in and comes back from. */
int network_connect(struct steps *s, const struct network_interface *i, int namespace);
int network_disconnect(struct steps *s, const struct network_interface *i, int namespace);

/* The default routes go by this interface from now on. */
int network_route(struct steps *s, const struct network_interface *i, int namespace);

/*
 * Nothing is sent or received any more by what may be left of the namespace: its addresses may be another's by now.
 * Somebody else may keep it: who has joined it, or the kernel until it gets to its end. Where there are connections in it that may
 * keep it for minutes, its pairs are removed. To be called when nobody has sockets in it that the container's end has not closed.
 */
void network_cut(const struct network_config *n, int namespace);

#endif
