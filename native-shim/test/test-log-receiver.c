/* Records sent to real sockets: what arrives, and what happens when nobody takes it. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log-address.h"
#include "log.h"

static const struct timespec now = {.tv_sec = 1709251199, .tv_nsec = 123456789}; /* 2024-02-29 23:59:59 */

static char dir[] = P_tmpdir "/td-test-log-receiver-XXXXXX";
static char socket_path[80], cache_path[80], address[100];

static struct {
    int error, calls;
    uint64_t lost;
} told;

static void on_trouble(struct log *log, const char *what, int error, uint64_t lost)
{
    CHECK(strcmp(what, log->config->address) == 0);
    told.error = error;
    told.lost = lost;
    told.calls++;
}

static struct log_config config_of(enum log_receiver receiver)
{
    static char host[] = "host", tag[] = "tag";
    return (struct log_config){.receiver = receiver,
                               .format = LOG_LOCAL,
                               .address = address,
                               .buffer_size = 128 << 10,
                               .facility = 3,
                               .hostname = host,
                               .tag = tag};
}

static int listen_unix(int type)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, socket_path);
    unlink(socket_path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    if (type == SOCK_STREAM) CHECK(listen(fd, 8) == 0);
    return fd;
}

static int listen_inet(int type)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&name, &len) == 0);
    if (type == SOCK_STREAM) CHECK(listen(fd, 8) == 0);
    snprintf(address, sizeof(address), "%s://127.0.0.1:%u", type == SOCK_STREAM ? "tcp" : "udp",
             ntohs(name.sin_port));
    return fd;
}

static void expect(int fd, const char *expected)
{
    char text[20000];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t len = 0, want = strlen(expected);
    int type = 0;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof(type)}) == 0);
    while (len < want && poll(&p, 1, 5000) == 1) {
        ssize_t n = recv(fd, text + len, type == SOCK_STREAM ? want - len : sizeof(text) - len, 0);
        CHECK(n > 0);
        len += (size_t)n;
    }
    CHECK_TEXT(text, len, expected);
}

/* A text with this process's number in the place of PID. */
static char *stamped(const char *text)
{
    static char out[300];
    const char *at = strstr(text, "PID");
    snprintf(out, sizeof(out), "%.*s%d%s", (int)(at - text), text, getpid(), at + 3);
    return out;
}

static void test_kinds(void)
{
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    for (int i = 0; i < 8; i++) {
        int type = types[i % 2], server = i < 4 ? -1 : listen_inet(type), fd;
        if (i < 4) {
            server = listen_unix(type);
            /* unix:// is whatever listens there. */
            snprintf(address, sizeof(address), "%s://%s", i == 0 ? "unixgram" : "unix", socket_path);
        }
        struct loop loop;
        struct log log;
        struct log_config config = config_of(LOG_SYSLOG);
        char error[100];
        CHECK(loop_open(&loop) == 0);
        log_open(&log, &config, &loop);
        CHECK(log_connect(&log, error, sizeof(error)) == 0);
        fd = type == SOCK_STREAM ? accept4(server, NULL, NULL, SOCK_CLOEXEC) : server;
        log_write(&log, 1, "one\n", 4, &now);
        log_write(&log, 2, "two\n", 4, &now);
        expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: one\n"));
        expect(fd, stamped("<27>Feb 29 23:59:59 tag[PID]: two\n"));
        log_write(&log, 1, "last", 4, &now);
        log_end(&log, 1, &now);
        log_close(&log);
        expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: last\n"));
        if (fd != server) close(fd);
        close(server);
        loop_close(&loop);
    }
}

static void test_formats(void)
{
    static const char *const expected[] = {
        [SYSLOG_UNIX] = "<158>Mar  1 01:29:59 tag[PID]: x\n",
        [SYSLOG_RFC3164] = "<158>Mar  1 01:29:59 host tag[PID]: x\n",
        [SYSLOG_RFC5424] = "<158>1 2024-03-01T01:29:59+01:30 host tag PID tag - x\n",
        [SYSLOG_RFC5424_MICRO] = "<158>1 2024-03-01T01:29:59.123456+01:30 host tag PID tag - x\n",
    };
    for (int f = SYSLOG_UNIX; f <= SYSLOG_RFC5424_MICRO; f++) {
        int server = listen_inet(SOCK_DGRAM);
        struct loop loop;
        struct log log;
        struct log_config config = config_of(LOG_SYSLOG);
        config.syslog = (enum syslog_format)f;
        config.facility = 19;
        config.utc_offset = 5400;
        CHECK(loop_open(&loop) == 0);
        log_open(&log, &config, &loop);
        CHECK(log_connect(&log, (char[100]){0}, 100) == 0);
        log_write(&log, 1, "x\n", 2, &now);
        expect(server, stamped(expected[f]));
        log_close(&log);
        loop_close(&loop);
        close(server);
    }
}

/* A field with a length in it has NUL bytes. */
static bool has(const char *entry, ssize_t len, const char *text)
{
    return len > 0 && memmem(entry, (size_t)len, text, strlen(text)) != NULL;
}

static void test_journal(void)
{
    int server = listen_unix(SOCK_DGRAM);
    snprintf(address, sizeof(address), "unixgram://%s", socket_path);
    struct loop loop;
    struct log log;
    struct log_config config = config_of(LOG_JOURNALD);
    char name[] = "CONTAINER_NAME=web", label[] = "LABEL=two\nlines", *fields[] = {name, label, NULL},
         big[LOG_LINE_MAX + 2], got[20000];
    config.fields = fields;
    CHECK(loop_open(&loop) == 0);
    log_open(&log, &config, &loop);
    CHECK(log_connect(&log, (char[100]){0}, 100) == 0);
    log_write(&log, 2, "x\n", 2, &now);
    ssize_t n = recv(server, got, sizeof(got), 0);
    static const char entry[] = "MESSAGE=x\nPRIORITY=3\nSYSLOG_TIMESTAMP=2024-02-29T23:59:59.123456789Z\n"
                                "CONTAINER_NAME=web\nLABEL\n\x09\0\0\0\0\0\0\0two\nlines\n";
    CHECK(n == sizeof(entry) - 1 && memcmp(got, entry, sizeof(entry) - 1) == 0);
    memset(big, 'y', sizeof(big));
    big[sizeof(big) - 1] = '\n';
    log_write(&log, 1, big, sizeof(big), &now);
    n = recv(server, got, sizeof(got) - 1, 0);
    CHECK(n > LOG_LINE_MAX);
    got[n] = '\0';
    CHECK(has(got, n, "CONTAINER_PARTIAL_MESSAGE=true\n") && has(got, n, "_ORDINAL=1\n") &&
          has(got, n, "_LAST=false\n"));
    n = recv(server, got, sizeof(got) - 1, 0);
    got[n] = '\0';
    CHECK(!has(got, n, "PARTIAL_MESSAGE") && has(got, n, "_ORDINAL=2\n") && has(got, n, "_LAST=true\n"));
    log_close(&log);
    loop_close(&loop);
    close(server);
}

/* The receiver does not read: the ring fills, what finds no room is lost; then it reads again. */
static void test_slow(void)
{
    int server = listen_unix(SOCK_DGRAM);
    snprintf(address, sizeof(address), "unixgram://%s", socket_path);
    struct loop loop;
    struct log log;
    struct log_config config = config_of(LOG_SYSLOG);
    char line[1000], got[2000];
    memset(line, 'z', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    memset(&told, 0, sizeof(told));
    CHECK(loop_open(&loop) == 0);
    log_open(&log, &config, &loop);
    log.on_trouble = on_trouble;
    CHECK(log_connect(&log, (char[100]){0}, 100) == 0);
    for (int i = 0; i < 2000; i++) log_write(&log, 1, line, sizeof(line), &now);
    CHECK(told.calls == 1 && told.error == ENOBUFS);
    int received = 0;
    struct pollfd p = {.fd = server, .events = POLLIN};
    for (bool more = true; more;) {
        more = false;
        while (poll(&p, 1, 0) == 1) {
            CHECK(recv(server, got, sizeof(got), 0) > (ssize_t)sizeof(line));
            received++;
            more = true;
        }
        loop_run_once(&loop, 100);
        more = more || poll(&p, 1, 0) == 1;
    }
    log_write(&log, 1, "end\n", 4, &now);
    expect(server, stamped("<30>Feb 29 23:59:59 tag[PID]: end\n"));
    CHECK(told.calls == 2 && told.error == 0 && told.lost == 2000u - (unsigned)received);
    log_close(&log);
    loop_close(&loop);
    close(server);
}

/* The receiver ends, with a message half read; another takes its place. Nothing is lost that had room. */
static void test_gone_and_back(void)
{
    int server = listen_unix(SOCK_STREAM), fd;
    snprintf(address, sizeof(address), "unix://%s", socket_path);
    struct loop loop;
    struct log log;
    struct log_config config = config_of(LOG_SYSLOG);
    config.path = cache_path;
    config.max_size = 1 << 20;
    config.max_files = 2;
    memset(&told, 0, sizeof(told));
    CHECK(loop_open(&loop) == 0);
    log_open(&log, &config, &loop);
    log.on_trouble = on_trouble;
    CHECK(log_connect(&log, (char[100]){0}, 100) == 0);
    fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    log_write(&log, 1, "one\n", 4, &now);
    expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: one\n"));
    close(fd);
    close(server);
    unlink(socket_path);
    log_write(&log, 1, "two\n", 4, &now);
    log_write(&log, 1, "three\n", 6, &now);
    CHECK(told.calls == 1 && told.error != 0);
    server = listen_unix(SOCK_STREAM);
    struct pollfd p = {.fd = server, .events = POLLIN};
    while (poll(&p, 1, 0) == 0) CHECK(loop_run_once(&loop, 5000) >= 0);
    fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    loop_run_once(&loop, 100);
    log_write(&log, 1, "four\n", 5, &now);
    expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: two\n"));
    expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: three\n"));
    expect(fd, stamped("<30>Feb 29 23:59:59 tag[PID]: four\n"));
    CHECK(told.calls == 2 && told.error == 0 && told.lost == 0);
    log_close(&log);
    loop_close(&loop);
    close(fd);
    close(server);
    /* All of it can be read back. */
    CHECK(access(cache_path, R_OK) == 0);
    unlink(cache_path);
}

static void test_nobody(void)
{
    static const char *const nowhere[] = {"unix:///nonexistent", "unixgram:///nonexistent/x",
                                          "tcp://127.0.0.1:1",   "odd://x",
                                          "udp://name:1",        "tcp://127.0.0.1:0"};
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        struct loop loop;
        struct log log;
        struct log_config config = config_of(LOG_SYSLOG);
        char error[100] = "";
        strcpy(address, nowhere[i]);
        CHECK(loop_open(&loop) == 0);
        log_open(&log, &config, &loop);
        CHECK(log_connect(&log, error, sizeof(error)) < 0 && strstr(error, nowhere[i]));
        log_close(&log);
        loop_close(&loop);
    }
    struct log_address a;
    CHECK(log_address_parse(&a, "tcp://[::1]:514") == 0 && a.name.any.sa_family == AF_INET6);
}

int main(void)
{
    CHECK(mkdtemp(dir) != NULL);
    snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
    snprintf(cache_path, sizeof(cache_path), "%s/cache", dir);
    test_kinds();
    test_formats();
    test_journal();
    test_slow();
    test_gone_and_back();
    test_nobody();
    unlink(socket_path);
    rmdir(dir);
    return 0;
}
