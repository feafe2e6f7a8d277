#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "namespace.h"
#include "path.h"

int network_open(struct steps *s, const struct network_config *n, struct netlink *host)
{
    host->fd = -1;
    if (n->count == 0 || STEP(s, "netlink", netlink_open(host), "socket to the host's side") == 0) return 0;
    step_fail(s, errno, 128, "open a netlink socket");
    return -1;
}

static int make_veth(struct netlink *host, const struct network_interface *i, int namespace)
{
    unsigned master = netlink_index(host, i->parent);
    if (!master) return -1;
    struct link_veth v = {
        .outside = {.name = i->host, .mtu = i->mtu, .alias = i->alias},
        .inside = {.name = i->name, .mtu = i->mtu, .mac = i->has_mac ? i->mac : NULL},
        .namespace = namespace,
        .master = master,
        .hairpin = i->hairpin,
        .isolated = i->isolated,
    };
    link_veth(host, &v);
    return netlink_send(host);
}

static int make_on_parent(struct netlink *host, const struct network_interface *i, int namespace)
{
    unsigned parent = netlink_index(host, i->parent);
    if (!parent) return -1;
    struct link_child v = {
        .options = {.name = i->name, .mtu = i->mtu, .mac = i->has_mac ? i->mac : NULL},
        .namespace = namespace,
        .kind = i->kind,
        .parent = parent,
        .mode = i->mode,
        .flags = i->flags,
    };
    link_on_parent(host, &v);
    return netlink_send(host);
}

static int make_link(struct steps *s, struct netlink *host, const struct network_interface *i, int namespace)
{
    bool veth = strcmp(i->kind, "veth") == 0;
    if (STEP(s, i->kind, veth ? make_veth(host, i, namespace) : make_on_parent(host, i, namespace),
             "%s on %s%s%s", i->name, i->parent, veth ? " by " : "", veth ? i->host : "") == 0)
        return 0;
    /* What the kernel calls it when it does not know the kind. */
    if (errno == EOPNOTSUPP)
        step_fail(s, errno, 128, "make the interface \"%s\" on \"%s\": this kernel has no %s", i->name,
                  i->parent, i->kind);
    else
        step_fail(s, errno, 128, "make the interface \"%s\" on \"%s\"", i->name, i->parent);
    return -1;
}

static int set_sysctls(struct steps *s, const struct network_interface *i)
{
    int proc = i->nsysctls ? open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = 0;
    for (size_t k = 0; rc == 0 && k < i->nsysctls; k++) {
        const struct network_sysctl *c = &i->sysctls[k];
        rc = (int)STEP(s, "sysctl", namespace_write_sysctl(proc, c->key, c->value), "%s = %s", c->key,
                       c->value);
        if (rc != 0) step_fail(s, errno, 128, "set sysctl \"%s\" to \"%s\"", c->key, c->value);
    }
    if (proc >= 0) close(proc);
    return rc;
}

static int configure(struct netlink *inside, const struct network_interface *i)
{
    unsigned index = netlink_index(inside, i->name);
    if (!index) return -1;
    link_up(inside, index);
    for (size_t k = 0; k < i->naddresses; k++) link_address(inside, RTM_NEWADDR, index, &i->addresses[k]);
    for (size_t k = 0; k < i->ngateways; k++) link_default_route(inside, index, &i->gateways[k]);
    return netlink_send(inside);
}

/* Sysctls before the link is up: what they forbid (router advertisements, IPv6) must not happen meanwhile. */
static int set_up(struct steps *s, struct netlink *inside, const struct network_interface *i)
{
    if (set_sysctls(s, i) < 0) return -1;
    if (STEP(s, "address", configure(inside, i), "%s: %zu addresses, %zu default routes, up", i->name,
             i->naddresses, i->ngateways) == 0)
        return 0;
    step_fail(s, errno, 128, "set up the interface \"%s\"", i->name);
    return -1;
}

static int make_interface(struct steps *s, const struct network_interface *i, struct netlink *host,
                          struct netlink *inside, int namespace)
{
    return make_link(s, host, i, namespace) < 0 ? -1 : set_up(s, inside, i);
}

static int open_inside(struct steps *s, struct netlink *inside)
{
    if (STEP(s, "netlink", netlink_open(inside), "socket to the container's side") == 0) return 0;
    step_fail(s, errno, 128, "open a netlink socket");
    return -1;
}

int network_make(struct steps *s, const struct network_config *n, struct netlink *host, int namespace)
{
    if (n->count == 0) return 0;
    struct netlink inside;
    int rc = open_inside(s, &inside);
    for (size_t i = 0; rc == 0 && i < n->count; i++)
        rc = make_interface(s, &n->list[i], host, &inside, namespace);
    netlink_close(&inside);
    netlink_close(host);
    return rc;
}

/* Calls WORK in the container's namespace, with sockets to both sides. */
static int in_namespace(struct steps *s, const struct network_interface *i, int namespace,
                        int (*work)(struct steps *, const struct network_interface *, struct netlink *,
                                    struct netlink *, int))
{
    struct netlink host, inside = {.fd = -1};
    struct network_config one = {.list = (struct network_interface *)i, .count = 1};
    if (network_open(s, &one, &host) < 0) return -1;
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), rc = -1;
    if (own < 0 || STEP(s, "setns", setns(namespace, CLONE_NEWNET), "network") < 0) {
        step_fail(s, errno, 128, "enter the network namespace");
        if (own >= 0) close(own);
    } else {
        if (open_inside(s, &inside) == 0) rc = work(s, i, &host, &inside, namespace);
        namespace_go_back(own, CLONE_NEWNET);
    }
    netlink_close(&inside);
    netlink_close(&host);
    return rc;
}

static int remove_named(struct netlink *nl, const char *name)
{
    unsigned index = netlink_index(nl, name);
    if (!index) return errno == ENODEV ? 0 : -1;
    link_remove(nl, index);
    return netlink_send(nl);
}

static int connect_one(struct steps *s, const struct network_interface *i, struct netlink *host,
                       struct netlink *inside, int namespace)
{
    if (make_link(s, host, i, namespace) < 0) return -1;
    if (set_up(s, inside, i) == 0) return 0;
    remove_named(inside, i->name);
    return -1;
}

int network_connect(struct steps *s, const struct network_interface *i, int namespace)
{
    return in_namespace(s, i, namespace, connect_one);
}

int network_make_apart(struct steps *s, const struct network_config *n, int namespace)
{
    for (size_t i = 0; i < n->count; i++)
        if (network_connect(s, &n->list[i], namespace) < 0) return -1;
    return 0;
}

/* The host's end by its name, which is this interface's for ever: inside, the container may have renamed it. */
static int disconnect_one(struct steps *s, const struct network_interface *i, struct netlink *host,
                          struct netlink *inside, int namespace)
{
    (void)namespace;
    bool veth = strcmp(i->kind, "veth") == 0;
    const char *name = veth ? i->host : i->name;
    if (STEP(s, "remove", remove_named(veth ? host : inside, name), "%s", name) == 0) return 0;
    step_fail(s, errno, 128, "remove the interface \"%s\"", name);
    return -1;
}

int network_disconnect(struct steps *s, const struct network_interface *i, int namespace)
{
    return in_namespace(s, i, namespace, disconnect_one);
}

static int set_routes(struct netlink *inside, const struct network_interface *i)
{
    unsigned index = netlink_index(inside, i->name);
    if (!index) return -1;
    for (size_t k = 0; k < i->ngateways; k++) link_default_route(inside, index, &i->gateways[k]);
    return netlink_send(inside);
}

static int route_one(struct steps *s, const struct network_interface *i, struct netlink *host,
                     struct netlink *inside, int namespace)
{
    (void)host;
    (void)namespace;
    if (STEP(s, "route", set_routes(inside, i), "default by %s", i->name) == 0) return 0;
    step_fail(s, errno, 128, "set the default route by \"%s\"", i->name);
    return -1;
}

int network_route(struct steps *s, const struct network_interface *i, int namespace)
{
    return i->ngateways == 0 ? 0 : in_namespace(s, i, namespace, route_one);
}

/* It has no other end that could be blocked, and its addresses are its own on the parent until it is gone. */
static void remove_on_parent(const struct network_interface *i, int namespace)
{
    struct steps *s = steps_new();
    if (s) network_disconnect(s, i, namespace);
    steps_free(s);
}

/* How many sockets the namespace that the caller is in has of a protocol, by the kernel's own count; 0 where it does not say. */
static unsigned long count_sockets(int proc, const char *path, const char *before)
{
    char text[1024];
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (n < 0) return 0;
    text[n] = 0;
    const char *at = strstr(text, before);
    return at ? strtoul(at + strlen(before), NULL, 10) : 0;
}

/*
 * What the container's programs had sent and nobody has taken holds the namespace, and with it the links, for as long as the kernel tries to
 * be rid of it: minutes. True where there are such connections; one try more is enough for them (tcp(7), tcp_orphan_retries), but even the
 * next may be two minutes away.
 */
static bool forget_orphans(int namespace)
{
    bool found = false;
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || setns(namespace, CLONE_NEWNET) < 0) {
        if (own >= 0) close(own);
        return false;
    }
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc >= 0) {
        found = count_sockets(proc, "net/sockstat", "TCP: inuse ") > 0 ||
                count_sockets(proc, "net/sockstat6", "TCP6: inuse ") > 0;
        if (found) namespace_write_sysctl(proc, "net/ipv4/tcp_orphan_retries", "1");
        close(proc);
    }
    namespace_go_back(own, CLONE_NEWNET);
    return found;
}

void network_cut(const struct network_config *n, int namespace)
{
    struct netlink host = {.fd = -1};
    bool held = n->count > 0 && forget_orphans(namespace);
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->list[i].kind, "veth") != 0) {
            remove_on_parent(&n->list[i], namespace);
            continue;
        }
        if (host.fd < 0 && netlink_open(&host) < 0) return;
        unsigned index = netlink_index(&host, n->list[i].host);
        if (!index) continue;
        if (held)
            link_remove(&host, index);
        else
            link_block_port(&host, index);
        netlink_send(&host);
    }
    netlink_close(&host);
}
