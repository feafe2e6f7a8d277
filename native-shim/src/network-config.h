/* The member "network" of shim.json, decoded (docs/shim-protocol.md). */
#ifndef TD_NETWORK_CONFIG_H
#define TD_NETWORK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interface.h"

struct decode;
struct json_object;

struct network_sysctl {
    char *key, *value; /* "net/ipv6/conf/eth0/disable_ipv6" */
};

struct network_interface {
    char *name;   /* in the container */
    char *kind;   /* veth, macvlan, ipvlan */
    char *host;   /* the other end of a veth */
    char *parent; /* the bridge; of the other kinds the link that they are on */
    char *alias;  /* of the other end */
    uint8_t mac[6];
    bool has_mac, hairpin, isolated;
    uint32_t mtu, mode;
    uint16_t flags;
    struct address *addresses, *gateways;
    size_t naddresses, ngateways;
    struct network_sysctl *sysctls;
    size_t nsysctls;
};

struct network_config {
    struct network_interface *list;
    size_t count;
};

void network_config_decode(struct decode *d, struct network_config *n, struct json_object *shim);
void network_config_free(struct network_config *n);

void network_interface_decode(struct decode *d, struct network_interface *i, struct json_object *object);
void network_interface_free(struct network_interface *i);

#endif
