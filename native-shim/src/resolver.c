#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver-steer.h"

#define ADDRESS 0x7f00000b /* 127.0.0.11 */
#define PORT 53
#define BACKLOG 64

static void close_fd(int *fd)
{
    int saved = errno;
    if (*fd >= 0) close(*fd);
    *fd = -1;
    errno = saved;
}

/* Of the address in any case: what is not for it is never given to the socket. Port 0 is the kernel's choice. */
static int open_bound(int type, uint16_t port)
{
    int one = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(ADDRESS)}};
    /* Shared, as far as that goes, with those who ask for sharing too. */
    if (port != 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    }
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && (type == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
        return fd;
    close_fd(&fd);
    return -1;
}

static int open_sockets(struct resolver *r, uint16_t port)
{
    r->udp.fd = open_bound(SOCK_DGRAM, port);
    if (r->udp.fd >= 0) r->tcp.fd = open_bound(SOCK_STREAM, port);
    /* This protocol is for sending alone: no copies of what others receive come here. */
    if (r->tcp.fd >= 0) r->raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
    if (r->raw >= 0) return 0;
    resolver_close(r);
    return -1;
}

static int steer(struct resolver *r)
{
    r->link = resolver_steer(htonl(ADDRESS), PORT, r->udp.fd, r->tcp.fd);
    return r->link < 0 ? -1 : 0;
}

int resolver_open(struct steps *s, struct resolver *r)
{
    *r = RESOLVER_NONE;
    if (STEP(s, "resolver", open_sockets(r, 0), "127.0.0.11") < 0) {
        step_fail(s, errno, 128, "open the sockets of the name server");
        return -1;
    }
    if (STEP(s, "bpf-lookup", steer(r), "127.0.0.11:%d", PORT) == 0) return 0;
    /* A kernel without it: the port itself, on which a name server of the container's own has to leave out this address. */
    resolver_close(r);
    if (STEP(s, "resolver", open_sockets(r, PORT), "127.0.0.11:%d", PORT) == 0) return 0;
    step_fail(s, errno, 128, "bind the sockets of the name server");
    return -1;
}

int resolver_send(const struct resolver *r, int fd)
{
    const int list[] = {r->udp.fd, r->tcp.fd, r->raw};
    union {
        char space[CMSG_SPACE(sizeof list)];
        struct cmsghdr align;
    } ancillary = {0};
    char any = 0; /* descriptors travel with a byte */
    struct iovec part = {.iov_base = &any, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    struct cmsghdr *m = CMSG_FIRSTHDR(&message);
    m->cmsg_level = SOL_SOCKET;
    m->cmsg_type = SCM_RIGHTS;
    m->cmsg_len = CMSG_LEN(sizeof list);
    memcpy(CMSG_DATA(m), list, sizeof list);
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

void resolver_close(struct resolver *r)
{
    close_fd(&r->link);
    close_fd(&r->raw);
    close_fd(&r->tcp.fd);
    close_fd(&r->udp.fd);
}
