#include "log-address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_path(struct log_address *a, const char *path)
{
    size_t len = strlen(path);
    if (len >= sizeof(a->name.local.sun_path)) return -ENAMETOOLONG;
    a->name.local.sun_family = AF_UNIX;
    memcpy(a->name.local.sun_path, path, len + 1);
    a->len = sizeof(a->name.local);
    a->type = SOCK_DGRAM;
    return 0;
}

static int parse_inet(struct log_address *a, const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    if (len == 0 || len >= sizeof(host)) return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || end == colon + 1 || port == 0 || port > 65535) return -EINVAL;
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        a->name.six.sin6_family = AF_INET6;
        a->name.six.sin6_port = htons((uint16_t)port);
        a->len = sizeof(a->name.six);
        return inet_pton(AF_INET6, host + 1, &a->name.six.sin6_addr) == 1 ? 0 : -EINVAL;
    }
    a->name.four.sin_family = AF_INET;
    a->name.four.sin_port = htons((uint16_t)port);
    a->len = sizeof(a->name.four);
    return inet_pton(AF_INET, host, &a->name.four.sin_addr) == 1 ? 0 : -EINVAL;
}

int log_address_parse(struct log_address *a, const char *text)
{
    static const struct {
        const char *scheme;
        int (*parse)(struct log_address *a, const char *rest);
        int type;
        bool either;
    } kinds[] = {
        {"unix://", parse_path, SOCK_DGRAM, true},
        {"unixgram://", parse_path, SOCK_DGRAM, false},
        {"udp://", parse_inet, SOCK_DGRAM, false},
        {"tcp://", parse_inet, SOCK_STREAM, false},
    };
    *a = (struct log_address){0};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i].scheme);
        if (strncmp(text, kinds[i].scheme, len) != 0) continue;
        int rc = kinds[i].parse(a, text + len);
        a->type = kinds[i].type;
        a->either = kinds[i].either;
        return rc;
    }
    return -EINVAL;
}
