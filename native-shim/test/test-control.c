/* Lines put together from whatever pieces arrive, each with the descriptor that came with its first byte. */
#include "check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"

static struct loop loop;
static struct control control;
static struct connection *connection;
static int peer;
static char scratch[4096];
static char seen[1 << 16]; /* the lines, each with + for a descriptor that it took and the file's size */
static bool closed;

static void on_line(struct control *c, struct connection *from, const char *line, size_t len)
{
    (void)c;
    CHECK(from == connection);
    char text[128] = "";
    CHECK(len < 64);
    memcpy(text, line, len);
    if (len > 0 && line[0] == 'f') {
        struct stat st;
        int fd = connection_take_fd(from);
        if (fd < 0)
            strcat(text, "-");
        else {
            CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
            CHECK(fstat(fd, &st) == 0);
            close(fd);
            snprintf(text + strlen(text), 32, "+%ld", (long)st.st_size);
        }
    }
    strcat(text, ";");
    strcat(seen, text);
}

static void on_close(struct control *c, struct connection *which)
{
    (void)c;
    CHECK(which == connection);
    closed = true;
}

static void on_change(struct control *c)
{
    (void)c;
}

static void open_connection(void)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    peer = pair[0];
    seen[0] = '\0';
    closed = false;
    connection = control_add(&control, pair[1]);
    CHECK(connection != NULL);
}

static void turn(void)
{
    while (loop_run_once(&loop, 0) > 0) control_settle(&control);
}

static void close_connection(void)
{
    close(peer);
    turn();
    CHECK(closed);
    CHECK(control.connections == NULL);
}

/* A file of this size stands for a descriptor that can be told from others. */
static int file_of(long size)
{
    char name[] = P_tmpdir "/td-test-control-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && ftruncate(fd, size) == 0);
    unlink(name);
    return fd;
}

static void send_part(const char *text, size_t len, int fd)
{
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } ancillary;
    memset(&ancillary, 0, sizeof(ancillary));
    struct iovec part = {.iov_base = (char[1]){0}, .iov_len = len};
    char *copy = malloc(len);
    memcpy(copy, text, len);
    part.iov_base = copy;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &ancillary;
        message.msg_controllen = sizeof(ancillary);
        struct cmsghdr *m = CMSG_FIRSTHDR(&message);
        m->cmsg_level = SOL_SOCKET;
        m->cmsg_type = SCM_RIGHTS;
        m->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(m), &fd, sizeof(int));
    }
    CHECK(sendmsg(peer, &message, 0) == (ssize_t)len);
    free(copy);
    if (fd >= 0) close(fd);
}

static void send_text(const char *text, int fd)
{
    send_part(text, strlen(text), fd);
}

static void test_splits(void)
{
    static const char text[] = "one\n\ntwo\nlonger line\nf\nnot ended";
    for (size_t first = 1; first < sizeof(text); first++)
        for (size_t second = 1; second < sizeof(text) - first; second++) {
            open_connection();
            send_part(text, first, -1);
            if (second % 2) turn();
            send_part(text + first, second, -1);
            if (first % 2) turn();
            if (first + second < sizeof(text) - 1)
                send_part(text + first + second, sizeof(text) - 1 - first - second, -1);
            turn();
            CHECK_TEXT(seen, strlen(seen), "one;;two;longer line;f-;");
            close_connection();
        }
}

static void test_descriptors(void)
{
    /* Each with its own line, whether they arrive in one read or in many, and whether a line takes it or not.
     */
    for (int turns = 0; turns < 64; turns++) {
        open_connection();
        send_text("a\nb\n", -1);
        if (turns & 1) turn();
        send_text("f1\n", file_of(11));
        if (turns & 2) turn();
        send_text("ignores it\n", file_of(22));
        if (turns & 4) turn();
        send_text("f2\n", file_of(33));
        if (turns & 8) turn();
        send_text("f3 ", file_of(44));
        if (turns & 16) turn();
        send_text("in two parts\n", -1);
        if (turns & 32) turn();
        send_text("f4\n", -1);
        turn();
        CHECK_TEXT(seen, strlen(seen), "a;b;f1+11;ignores it;f2+33;f3 in two parts+44;f4-;");
        close_connection();
    }
}

static void test_too_many_descriptors(void)
{
    open_connection();
    for (int i = 0; i < CONTROL_FDS_MAX + 4; i++) {
        if (closed) break;
        if (i < CONTROL_FDS_MAX + 1) send_text("x", file_of(1));
        turn();
    }
    CHECK(closed);
    close(peer);
}

static void test_endless_line(void)
{
    open_connection();
    char *block = malloc(65536);
    memset(block, 'x', 65536);
    size_t sent = 0;
    while (!closed) {
        ssize_t n = write(peer, block, 65536);
        if (n > 0) sent += (size_t)n;
        turn();
        CHECK(sent < CONTROL_LINE_MAX + (1 << 20));
    }
    CHECK(sent > CONTROL_LINE_MAX);
    free(block);
    close(peer);
}

/* A peer that does not read: answers are kept and arrive whole; beyond a bound the connection is dropped. */
static void test_peer_that_does_not_read(void)
{
    open_connection();
    struct buffer line = {0};
    for (int i = 0; i < 100000; i++) buffer_printf(&line, "0123456789");
    for (int i = 0; i < 3; i++) connection_send(connection, &line);
    control_settle(&control);
    CHECK(!closed && connection->out.len > 0);
    char block[65536];
    size_t got = 0;
    for (ssize_t n; got < 3 * line.len; got += (size_t)n) {
        n = read(peer, block, sizeof(block));
        if (n < 0) n = 0;
        for (ssize_t i = 0; i < n; i++) CHECK(block[i] == (char)('0' + (got + (size_t)i) % 10));
        turn();
    }
    CHECK(connection->out.len == 0 && connection->out.data == NULL);
    for (int i = 0; i < 6; i++) connection_send(connection, &line);
    control_settle(&control);
    CHECK(closed);
    buffer_free(&line);
    close(peer);
}

static void test_socket(void)
{
    char dir[] = P_tmpdir "/td-test-control-XXXXXX";
    struct stat st;
    CHECK(mkdtemp(dir) != NULL && chdir(dir) == 0);
    CHECK(control_listen(&control, "sock") == 0);
    CHECK(stat("sock", &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
    CHECK(unlink("sock") == 0 && chdir("/") == 0 && rmdir(dir) == 0);
}

int main(void)
{
    CHECK(loop_open(&loop) == 0);
    control = (struct control){.loop = &loop,
                               .listener = {.fd = -1},
                               .scratch = scratch,
                               .scratch_size = sizeof(scratch),
                               .on_line = on_line,
                               .on_close = on_close,
                               .on_change = on_change};
    test_splits();
    test_descriptors();
    test_too_many_descriptors();
    test_endless_line();
    test_peer_that_does_not_read();
    test_socket();
    control_close(&control);
    loop_close(&loop);
    return 0;
}
