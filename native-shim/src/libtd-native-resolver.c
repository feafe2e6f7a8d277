/* For the daemon as the containers' name server: sockets in their namespaces, and answers from an address that it is not bound to. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libtd-native.h"

#define RESOLVER_ADDRESS 0x7f00000b
#define RESOLVER_PORT 53
#define FDS_MAX 8

int td_receive_fds(int fd, int *fds, int count)
{
    union {
        char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } ancillary;
    char any;
    struct iovec part = {.iov_base = &any, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) return -errno;
    int taken = 0;
    for (struct cmsghdr *m = CMSG_FIRSTHDR(&message); m != NULL; m = CMSG_NXTHDR(&message, m)) {
        if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS) continue;
        size_t came = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int one;
            memcpy(&one, CMSG_DATA(m) + i * sizeof(int), sizeof one);
            if (taken < count)
                fds[taken++] = one;
            else
                close(one);
        }
    }
    return taken;
}

/* 0 where the text is no address. */
static socklen_t parse_address(const char *text, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) return 0;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return sizeof *v6;
}

static int connect_here(int stream, const struct sockaddr_storage *to, socklen_t size)
{
    int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(to->ss_family, type, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (const struct sockaddr *)to, size) == 0 || errno == EINPROGRESS) return fd;
    int error = -errno;
    close(fd);
    return error;
}

/* setns(2) is about this thread alone, which does nothing else meanwhile. */
static int connect_there(int namespace, int stream, const struct sockaddr_storage *to, socklen_t size)
{
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0) return -errno;
    int result = setns(namespace, CLONE_NEWNET) < 0 ? -errno : connect_here(stream, to, size);
    /* It has been its own. If it could not come back, all that follows would be in the wrong place. */
    if (setns(own, CLONE_NEWNET) < 0) abort();
    close(own);
    return result;
}

int td_connect_beside(int beside, int stream, const char *address, int port)
{
    struct sockaddr_storage to;
    socklen_t size = parse_address(address, port, &to);
    if (size == 0) return -EINVAL;
    if (beside < 0) return connect_here(stream, &to, size);
    int namespace = ioctl(beside, SIOCGSKNS);
    if (namespace < 0) return -errno;
    int result = connect_there(namespace, stream, &to, size);
    close(namespace);
    return result;
}

int td_resolver_reply(int raw, const char *address, int port, const void *data, uint64_t size)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) return -EINVAL;
    struct iphdr ip = {.version = 4,
                       .ihl = sizeof ip / 4,
                       .ttl = 64,
                       .protocol = IPPROTO_UDP,
                       .saddr = htonl(RESOLVER_ADDRESS),
                       .daddr = to.sin_addr.s_addr};
    if (size > UINT16_MAX - sizeof ip - sizeof(struct udphdr)) return -EMSGSIZE;
    /* No checksum, which IPv4 allows: it does not leave the machine. That of the IP header is the kernel's. */
    struct udphdr udp = {.uh_sport = htons(RESOLVER_PORT),
                         .uh_dport = htons((uint16_t)port),
                         .uh_ulen = htons((uint16_t)(size + sizeof udp))};
    struct iovec parts[] = {{&ip, sizeof ip}, {&udp, sizeof udp}, {(void *)data, size}};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 3};
    return sendmsg(raw, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
