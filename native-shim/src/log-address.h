/* Where a log's receiver listens, as the configuration writes it. */
#ifndef TD_LOG_ADDRESS_H
#define TD_LOG_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct log_address {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_un local;
    } name;
    socklen_t len;
    int type;    /* SOCK_DGRAM or SOCK_STREAM */
    bool either; /* the other one may be meant as well */
};

/* unix:///path, unixgram:///path, udp://1.2.3.4:514, tcp://[::1]:514; numbers only. Returns 0 or -errno. */
int log_address_parse(struct log_address *address, const char *text);

#endif
