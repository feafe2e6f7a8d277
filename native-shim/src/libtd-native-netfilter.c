#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libtd-native-netfilter.h"

/* What the kernel puts into one message of a dump at most. */
#define MESSAGE_MAX 65536

static int open_socket(unsigned groups)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) return -errno;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

int td_netfilter_open(void)
{
    return open_socket(0);
}

static int send_all(int fd, const void *data, uint64_t size)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int room = (int)size + 4096;
    int has = 0;
    socklen_t length = sizeof has;
    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &has, &length) == 0 && has < room)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    ssize_t sent;
    do sent = sendto(fd, data, size, 0, (struct sockaddr *)&kernel, sizeof kernel);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int td_netfilter_send(int fd, const void *messages, uint64_t size, uint32_t *failed)
{
    static _Alignas(struct nlmsghdr) char answer[MESSAGE_MAX];
    *failed = 0;
    int result = send_all(fd, messages, size);
    if (result < 0) return result;
    for (;;) {
        ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN ? result : result ? result : -errno;
        unsigned left = (unsigned)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
                continue;
            const struct nlmsgerr *error = NLMSG_DATA(m);
            if (error->error == 0 || result != 0) continue;
            result = error->error;
            *failed = m->nlmsg_seq;
        }
    }
}

int64_t td_netfilter_dump(int fd, const void *request, uint64_t size, void *out, uint64_t out_size)
{
    int result = send_all(fd, request, size);
    if (result < 0) return result;
    uint64_t used = 0;
    for (;;) {
        if (out_size - used < MESSAGE_MAX) return -ENOBUFS;
        ssize_t got = recv(fd, (char *)out + used, out_size - used, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        unsigned left = (unsigned)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)((char *)out + used); NLMSG_OK(m, left);
             m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_type == NLMSG_ERROR) {
                int error = ((const struct nlmsgerr *)NLMSG_DATA(m))->error;
                return error ? error : (int64_t)used;
            }
            if (m->nlmsg_type == NLMSG_DONE) return (int64_t)used;
            if (!(m->nlmsg_flags & NLM_F_MULTI)) return (int64_t)(used + (uint64_t)got);
        }
        used += NLMSG_ALIGN((uint64_t)got);
    }
}

/* Who watches: the thread owns it. */
struct watch {
    int netlink;  /* hears of changes */
    int report;   /* lines for the daemon */
    uint32_t own; /* the address of the daemon's own socket: what it changes is no news */
    bool changed; /* one of our tables, by the transaction that is being read */
    char tables[];
};

static const struct nlattr *attribute(const struct nlmsghdr *m, int type)
{
    size_t header = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct nfgenmsg)));
    const char *at = (const char *)m + header, *end = (const char *)m + m->nlmsg_len;
    while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
        const struct nlattr *a = (const struct nlattr *)at;
        if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at) return NULL;
        if ((a->nla_type & NLA_TYPE_MASK) == type) return a;
        at += NLA_ALIGN(a->nla_len);
    }
    return NULL;
}

/* The text of an attribute, cut to fit. */
static void text_of(const struct nlattr *a, char *out, size_t size)
{
    size_t length = a ? (size_t)(a->nla_len - NLA_HDRLEN) : 0;
    if (length >= size) length = size - 1;
    if (length) memcpy(out, (const char *)a + NLA_HDRLEN, length);
    out[length] = '\0';
}

static bool named(const char *tables, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = tables; *at;) {
        size_t n = strcspn(at, ",");
        if (n == length && memcmp(at, name, n) == 0) return true;
        at += n + (at[n] == ',');
    }
    return false;
}

static bool report(const struct watch *w, uint32_t pid, const char *name)
{
    char line[64];
    int length = snprintf(line, sizeof line, "%u %s\n", pid, name);
    return send(w->report, line, (size_t)length, MSG_NOSIGNAL) >= 0 || errno == EINTR;
}

/* Takes one message in; false when nobody listens any more. */
static bool heard(struct watch *w, const struct nlmsghdr *m)
{
    if (m->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || m->nlmsg_pid == w->own) return true;
    int kind = m->nlmsg_type & 0xff;
    if (kind != NFT_MSG_NEWGEN) {
        char table[NFT_NAME_MAXLEN];
        text_of(attribute(m, NFTA_TABLE_NAME), table, sizeof table); /* 1 in every kind of message */
        if (named(w->tables, table)) w->changed = true;
        return true;
    }
    if (!w->changed) return true;
    w->changed = false;
    uint32_t pid = 0;
    const struct nlattr *a = attribute(m, NFTA_GEN_PROC_PID);
    if (a && a->nla_len == NLA_HDRLEN + sizeof pid) memcpy(&pid, (const char *)a + NLA_HDRLEN, sizeof pid);
    char name[32];
    text_of(attribute(m, NFTA_GEN_PROC_NAME), name, sizeof name);
    for (char *c = name; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?'; /* a process chooses its name itself */
    return report(w, ntohl(pid), name);
}

static void *watch_thread(void *argument)
{
    struct watch *w = argument;
    char *news = malloc(MESSAGE_MAX); /* aligned for anything */
    for (bool go = news != NULL; go;) {
        ssize_t got = recv(w->netlink, news, MESSAGE_MAX, 0);
        if (got < 0 && errno == ENOBUFS) go = report(w, 0, "overrun");
        if (got < 0 && errno != ENOBUFS && errno != EINTR) break;
        unsigned left = got < 0 ? 0 : (unsigned)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)news; go && NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            go = heard(w, m);
    }
    close(w->netlink);
    close(w->report);
    free(news);
    free(w);
    return NULL;
}

static int start_thread(struct watch *w)
{
    sigset_t all, before;
    sigfillset(&all);
    /* Signals are Node's business. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, watch_thread, w);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int td_netfilter_watch(int fd, const char *tables)
{
    struct sockaddr_nl own;
    socklen_t length = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &length)) return -errno;
    struct watch *w = calloc(1, sizeof *w + strlen(tables) + 1);
    if (!w) return -ENOMEM;
    memcpy(w->tables, tables, strlen(tables) + 1);
    w->own = own.nl_pid;
    int pair[2] = {-1, -1}, result = 0;
    w->netlink = open_socket(1u << (NFNLGRP_NFTABLES - 1));
    if (w->netlink < 0)
        result = w->netlink;
    else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        result = -errno;
    else {
        w->report = pair[1];
        result = start_thread(w);
    }
    if (result == 0) return pair[0];
    if (w->netlink >= 0) close(w->netlink);
    if (pair[0] >= 0) close(pair[0]), close(pair[1]);
    free(w);
    return result;
}

int td_port_hold(const void *address, int address_size, int type, int protocol, int port, int reuse)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool six = address_size == sizeof v6.sin6_addr;
    if (!six && address_size != sizeof v4.sin_addr) return -EINVAL;
    memcpy(six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, address, (size_t)address_size);
    int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    int one = 1, least = 0;
    /* Without it [::] would be 0.0.0.0 as well. */
    if (six) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (reuse) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* Nobody reads what comes before the rules are there. */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    if (bind(fd, six ? (void *)&v6 : (void *)&v4, six ? sizeof v6 : sizeof v4) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}
