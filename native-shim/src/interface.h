/* Network interfaces: made, set up, given addresses and routes. Messages are added to a batch; netlink_send sends it. */
#ifndef TD_INTERFACE_H
#define TD_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

struct address {
    int family; /* AF_INET, AF_INET6 */
    uint8_t prefix;
    uint8_t bytes[16];
};

/* "192.0.2.1/24", or without a prefix: the whole address. False where it is neither. */
bool address_parse(struct address *a, const char *text);

struct link_options {
    const char *name;
    const uint8_t *mac; /* six bytes, or NULL: the kernel's choice */
    uint32_t mtu;       /* 0: the kernel's choice */
    const char *alias;  /* or NULL; whose it is, for people and for who clears up */
};

/*
 * A pair: the end outside is a port of the bridge MASTER (an index) and up, the end inside, down, is in the namespace that INSIDE is
 * a handle of. HAIRPIN: what comes from the port may go back to it. ISOLATED: no frames between it and other such ports.
 */
struct link_veth {
    struct link_options outside, inside;
    int namespace;
    unsigned master;
    bool hairpin, isolated;
};
void link_veth(struct netlink *nl, const struct link_veth *v);

/* A macvlan or ipvlan (KIND) on the link PARENT, in a namespace; MODE and FLAGS as the kernel numbers them. */
struct link_child {
    struct link_options options;
    int namespace;
    const char *kind;
    unsigned parent;
    uint32_t mode;
    uint16_t flags;
};
void link_on_parent(struct netlink *nl, const struct link_child *v);

/* A bridge or a dummy (KIND), up. */
void link_alone(struct netlink *nl, const struct link_options *o, const char *kind);

/* What has the tag ID on the link PARENT, as a link of its own, up. */
void link_tagged(struct netlink *nl, const struct link_options *o, unsigned parent, uint16_t id);

/* Makes a link a port of the bridge MASTER, or (0) of none. */
void link_set_master(struct netlink *nl, unsigned index, unsigned master);

void link_up(struct netlink *nl, unsigned index);
void link_remove(struct netlink *nl, unsigned index);

/* Nothing passes the port of a bridge any more, and nothing is learned from it. */
void link_block_port(struct netlink *nl, unsigned index);

/* An address is usable at once: whoever gives it knows that nobody else has it. */
void link_address(struct netlink *nl, uint16_t type, unsigned index, const struct address *a);

/* The default route by GATEWAY, in place of the one there is; an unspecified address (0.0.0.0, ::): whatever is behind the link. */
void link_default_route(struct netlink *nl, unsigned index, const struct address *gateway);

#endif
