#include "interface.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool address_parse(struct address *a, const char *text)
{
    char part[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    if (n >= sizeof part) return false;
    memcpy(part, text, n);
    part[n] = 0;
    memset(a, 0, sizeof *a);
    a->family = strchr(part, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(a->family, part, a->bytes) != 1) return false;
    unsigned long most = a->family == AF_INET6 ? 128 : 32, prefix = most;
    char *end = NULL;
    if (slash) prefix = strtoul(slash + 1, &end, 10);
    if (slash && (end == slash + 1 || *end || prefix > most)) return false;
    a->prefix = (uint8_t)prefix;
    return true;
}

static size_t size_of(const struct address *a)
{
    return a->family == AF_INET6 ? 16 : 4;
}

static void put_options(struct netlink *nl, const struct link_options *o)
{
    netlink_put_text(nl, IFLA_IFNAME, o->name);
    if (o->mac) netlink_put(nl, IFLA_ADDRESS, o->mac, 6);
    if (o->mtu) netlink_put_u32(nl, IFLA_MTU, o->mtu);
}

/* What the kernel takes of a link that is there, but not of one that is being made. */
static void change(struct netlink *nl, const char *name, const char *alias)
{
    struct ifinfomsg none = {0};
    netlink_begin(nl, RTM_NEWLINK, 0, &none, sizeof none);
    netlink_put_text(nl, IFLA_IFNAME, name);
    if (alias) netlink_put(nl, IFLA_IFALIAS, alias, strlen(alias));
}

void link_veth(struct netlink *nl, const struct link_veth *v)
{
    struct ifinfomsg up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, down = {0};
    netlink_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof up);
    put_options(nl, &v->outside);
    netlink_put_u32(nl, IFLA_MASTER, v->master);
    size_t info = netlink_nest(nl, IFLA_LINKINFO);
    netlink_put_text(nl, IFLA_INFO_KIND, "veth");
    size_t data = netlink_nest(nl, IFLA_INFO_DATA), peer = netlink_nest(nl, VETH_INFO_PEER);
    netlink_put_raw(nl, &down, sizeof down);
    put_options(nl, &v->inside);
    netlink_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)v->namespace);
    netlink_nested(nl, peer);
    netlink_nested(nl, data);
    netlink_nested(nl, info);

    if (!v->outside.alias && !v->hairpin && !v->isolated) return;
    change(nl, v->outside.name, v->outside.alias);
    info = netlink_nest(nl, IFLA_LINKINFO);
    netlink_put_text(nl, IFLA_INFO_SLAVE_KIND, "bridge");
    data = netlink_nest(nl, IFLA_INFO_SLAVE_DATA);
    netlink_put_u8(nl, IFLA_BRPORT_MODE, v->hairpin);
    netlink_put_u8(nl, IFLA_BRPORT_ISOLATED, v->isolated);
    netlink_nested(nl, data);
    netlink_nested(nl, info);
}

void link_on_parent(struct netlink *nl, const struct link_child *v)
{
    struct ifinfomsg down = {0};
    netlink_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &down, sizeof down);
    put_options(nl, &v->options);
    netlink_put_u32(nl, IFLA_LINK, v->parent);
    netlink_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)v->namespace);
    size_t info = netlink_nest(nl, IFLA_LINKINFO);
    netlink_put_text(nl, IFLA_INFO_KIND, v->kind);
    size_t data = netlink_nest(nl, IFLA_INFO_DATA);
    if (strcmp(v->kind, "macvlan") == 0) {
        netlink_put_u32(nl, IFLA_MACVLAN_MODE, v->mode);
    } else {
        netlink_put_u16(nl, IFLA_IPVLAN_MODE, (uint16_t)v->mode);
        netlink_put_u16(nl, IFLA_IPVLAN_FLAGS, v->flags);
    }
    netlink_nested(nl, data);
    netlink_nested(nl, info);
}

/* Begins a link of a kind that is to be up; what belongs to the kind is to follow. Returns the nest that it is in. */
static size_t begin_up(struct netlink *nl, const struct link_options *o, unsigned parent, const char *kind)
{
    struct ifinfomsg up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof up);
    put_options(nl, o);
    if (parent) netlink_put_u32(nl, IFLA_LINK, parent);
    size_t info = netlink_nest(nl, IFLA_LINKINFO);
    netlink_put_text(nl, IFLA_INFO_KIND, kind);
    return info;
}

void link_alone(struct netlink *nl, const struct link_options *o, const char *kind)
{
    netlink_nested(nl, begin_up(nl, o, 0, kind));
    if (o->alias) change(nl, o->name, o->alias);
}

void link_tagged(struct netlink *nl, const struct link_options *o, unsigned parent, uint16_t id)
{
    size_t info = begin_up(nl, o, parent, "vlan"), data = netlink_nest(nl, IFLA_INFO_DATA);
    netlink_put_u16(nl, IFLA_VLAN_ID, id);
    netlink_nested(nl, data);
    netlink_nested(nl, info);
    if (o->alias) change(nl, o->name, o->alias);
}

void link_set_master(struct netlink *nl, unsigned index, unsigned master)
{
    struct ifinfomsg which = {.ifi_index = (int)index};
    netlink_begin(nl, RTM_NEWLINK, 0, &which, sizeof which);
    netlink_put_u32(nl, IFLA_MASTER, master);
}

void link_up(struct netlink *nl, unsigned index)
{
    struct ifinfomsg up = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_begin(nl, RTM_NEWLINK, 0, &up, sizeof up);
}

void link_remove(struct netlink *nl, unsigned index)
{
    struct ifinfomsg which = {.ifi_index = (int)index};
    netlink_begin(nl, RTM_DELLINK, 0, &which, sizeof which);
}

void link_block_port(struct netlink *nl, unsigned index)
{
    struct ifinfomsg which = {.ifi_family = AF_BRIDGE, .ifi_index = (int)index};
    netlink_begin(nl, RTM_SETLINK, 0, &which, sizeof which);
    size_t port = netlink_nest(nl, IFLA_PROTINFO | NLA_F_NESTED);
    netlink_put_u8(nl, IFLA_BRPORT_STATE, BR_STATE_DISABLED);
    netlink_nested(nl, port);
}

void link_address(struct netlink *nl, uint16_t type, unsigned index, const struct address *a)
{
    struct ifaddrmsg header = {.ifa_family = (uint8_t)a->family,
                               .ifa_prefixlen = a->prefix,
                               .ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0,
                               .ifa_scope = RT_SCOPE_UNIVERSE,
                               .ifa_index = index};
    netlink_begin(nl, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, &header, sizeof header);
    netlink_put(nl, IFA_LOCAL, a->bytes, size_of(a));
    netlink_put(nl, IFA_ADDRESS, a->bytes, size_of(a));
    if (a->family != AF_INET || type != RTM_NEWADDR || a->prefix > 30) return;
    uint8_t broadcast[4];
    for (unsigned i = 0; i < 4; i++) {
        unsigned bits = a->prefix <= i * 8 ? 0 : a->prefix - i * 8;
        broadcast[i] = (uint8_t)(a->bytes[i] | (bits >= 8 ? 0 : 0xff >> bits));
    }
    netlink_put(nl, IFA_BROADCAST, broadcast, sizeof broadcast);
}

void link_default_route(struct netlink *nl, unsigned index, const struct address *gateway)
{
    static const uint8_t nowhere[16];
    bool given = memcmp(gateway->bytes, nowhere, sizeof nowhere) != 0;
    struct rtmsg header = {.rtm_family = (uint8_t)gateway->family,
                           .rtm_table = RT_TABLE_MAIN,
                           .rtm_protocol = RTPROT_BOOT,
                           .rtm_scope = given ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                           .rtm_type = RTN_UNICAST};
    netlink_begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    if (given) netlink_put(nl, RTA_GATEWAY, gateway->bytes, size_of(gateway));
    netlink_put_u32(nl, RTA_OIF, index);
}
