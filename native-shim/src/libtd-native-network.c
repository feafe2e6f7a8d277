/* The daemon's side of the network: bridges, and what the host has. What belongs to a container is its shim's (network.h). */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "interface.h"
#include "libtd-native.h"

/* Sends what WORK adds to a batch about the link NAME. */
static int about_link(const char *name, void (*work)(struct netlink *, unsigned, const void *),
                      const void *more)
{
    struct netlink nl;
    if (netlink_open(&nl) < 0) return -errno;
    unsigned index = netlink_index(&nl, name);
    int rc = index ? 0 : -errno;
    if (rc == 0) {
        work(&nl, index, more);
        rc = netlink_send(&nl) < 0 ? -errno : (int)index;
    }
    netlink_close(&nl);
    return rc;
}

int td_link_make(const char *kind, const char *name, const char *alias, unsigned mtu)
{
    struct netlink nl;
    if (netlink_open(&nl) < 0) return -errno;
    struct link_options o = {.name = name, .alias = alias, .mtu = mtu};
    link_alone(&nl, &o, kind);
    int rc = netlink_send(&nl) < 0 ? -errno : 0;
    netlink_close(&nl);
    return rc;
}

struct tag {
    struct link_options options;
    uint16_t id;
};

static void add_tagged(struct netlink *nl, unsigned index, const void *more)
{
    const struct tag *t = more;
    link_tagged(nl, &t->options, index, t->id);
}

int td_vlan_make(const char *name, const char *alias, const char *parent, unsigned id)
{
    struct tag t = {.options = {.name = name, .alias = alias}, .id = (uint16_t)id};
    int rc = about_link(parent, add_tagged, &t);
    return rc < 0 ? rc : 0;
}

static void add_up(struct netlink *nl, unsigned index, const void *more)
{
    (void)more;
    link_up(nl, index);
}

int td_link_up(const char *name)
{
    return about_link(name, add_up, NULL);
}

static void add_master(struct netlink *nl, unsigned index, const void *bridge)
{
    link_set_master(nl, index, netlink_index(nl, bridge));
}

int td_link_set_master(const char *name, const char *bridge)
{
    return about_link(name, add_master, bridge);
}

static void add_removal(struct netlink *nl, unsigned index, const void *more)
{
    (void)more;
    link_remove(nl, index);
}

int td_link_remove(const char *name)
{
    return about_link(name, add_removal, NULL);
}

static void add_address(struct netlink *nl, unsigned index, const void *address)
{
    link_address(nl, RTM_NEWADDR, index, address);
}

static void add_address_removal(struct netlink *nl, unsigned index, const void *address)
{
    link_address(nl, RTM_DELADDR, index, address);
}

int td_address_set(const char *name, const char *address, int present)
{
    struct address a;
    if (!address_parse(&a, address)) return -EINVAL;
    return about_link(name, present ? add_address : add_address_removal, &a);
}

struct text {
    char *at;
    size_t size, len;
};

static int add_line(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int add_line(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->at + t->len, t->size - t->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= t->size - t->len) {
        errno = ENOBUFS;
        return -1;
    }
    t->len += (size_t)n;
    return 0;
}

static const struct rtattr *find(const struct rtattr *a, size_t size, unsigned short type)
{
    for (; RTA_OK(a, size); a = RTA_NEXT(a, size))
        if ((a->rta_type & NLA_TYPE_MASK) == type) return a;
    return NULL;
}

static const struct rtattr *attribute(const struct nlmsghdr *m, size_t header, unsigned short type)
{
    const char *first = (const char *)NLMSG_DATA(m) + NLMSG_ALIGN(header);
    size_t before = NLMSG_LENGTH(NLMSG_ALIGN(header));
    return m->nlmsg_len < before ? NULL : find((const void *)first, m->nlmsg_len - before, type);
}

/* The text of an attribute, which need not end with a NUL. */
static int length(const struct rtattr *a)
{
    return a ? (int)strnlen(RTA_DATA(a), RTA_PAYLOAD(a)) : 0;
}

static const char *words(const struct rtattr *a)
{
    return a ? RTA_DATA(a) : "";
}

static unsigned number(const struct rtattr *a)
{
    unsigned value = 0;
    if (a && RTA_PAYLOAD(a) >= sizeof value) memcpy(&value, RTA_DATA(a), sizeof value);
    return value;
}

static int add_link(const struct nlmsghdr *m, void *text)
{
    const struct ifinfomsg *i = NLMSG_DATA(m);
    const struct rtattr *name = attribute(m, sizeof *i, IFLA_IFNAME),
                        *alias = attribute(m, sizeof *i, IFLA_IFALIAS);
    const struct rtattr *mac = attribute(m, sizeof *i, IFLA_ADDRESS),
                        *info = attribute(m, sizeof *i, IFLA_LINKINFO);
    const struct rtattr *kind = info ? find(RTA_DATA(info), RTA_PAYLOAD(info), IFLA_INFO_KIND) : NULL;
    const uint8_t none[6] = {0}, *b = mac && RTA_PAYLOAD(mac) == 6 ? RTA_DATA(mac) : none;
    return add_line(text, "link\t%d\t%.*s\t%.*s\t%u\t%d\t%02x:%02x:%02x:%02x:%02x:%02x\t%u\t%.*s\n",
                    i->ifi_index, length(name), words(name), length(kind), words(kind),
                    number(attribute(m, sizeof *i, IFLA_MASTER)), (i->ifi_flags & IFF_UP) != 0, b[0], b[1],
                    b[2], b[3], b[4], b[5], number(attribute(m, sizeof *i, IFLA_MTU)), length(alias),
                    words(alias));
}

static bool to_text(int family, const struct rtattr *a, char out[INET6_ADDRSTRLEN])
{
    size_t size = family == AF_INET6 ? 16 : 4;
    return a && RTA_PAYLOAD(a) >= size && inet_ntop(family, RTA_DATA(a), out, INET6_ADDRSTRLEN);
}

static int add_address_line(const struct nlmsghdr *m, void *text)
{
    const struct ifaddrmsg *a = NLMSG_DATA(m);
    const struct rtattr *local = attribute(m, sizeof *a, IFA_LOCAL);
    char address[INET6_ADDRSTRLEN];
    if (!to_text(a->ifa_family, local ? local : attribute(m, sizeof *a, IFA_ADDRESS), address)) return 0;
    return add_line(text, "address\t%u\t%s/%u\n", a->ifa_index, address, a->ifa_prefixlen);
}

static int add_route(const struct nlmsghdr *m, void *text)
{
    const struct rtmsg *r = NLMSG_DATA(m);
    const struct rtattr *to = attribute(m, sizeof *r, RTA_DST);
    char address[INET6_ADDRSTRLEN];
    if (r->rtm_table != RT_TABLE_MAIN || r->rtm_type != RTN_UNICAST || !to_text(r->rtm_family, to, address))
        return 0;
    return add_line(text, "route\t%u\t%s/%u\n", number(attribute(m, sizeof *r, RTA_OIF)), address,
                    r->rtm_dst_len);
}

int64_t td_network_dump(char *out, uint64_t size)
{
    struct text text = {.at = out, .size = size};
    struct netlink nl;
    if (netlink_open(&nl) < 0) return -errno;
    int rc = netlink_dump(&nl, RTM_GETLINK, AF_UNSPEC, add_link, &text);
    if (rc == 0) rc = netlink_dump(&nl, RTM_GETADDR, AF_UNSPEC, add_address_line, &text);
    if (rc == 0) rc = netlink_dump(&nl, RTM_GETROUTE, AF_UNSPEC, add_route, &text);
    int error = errno;
    netlink_close(&nl);
    return rc == 0 ? (int64_t)text.len : -error;
}
