/*
 * Role: the process that shims are forked from. A child of the daemon, which reaps it; its own children, the
 * shims, are nobody's to wait for: the kernel reaps them, and the daemon sees their end by their connection's.
 * Ends with the daemon's end of the socket; the shims stay.
 */
#include "zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cgroup.h"
#include "namespace.h"

#define ORDER_MAX (sizeof(struct zygote_order) + 64)
/* What is made beforehand is made when it is in nobody's way. */
#define QUIET_MS 5
/* About what the decoded bundle takes; below what is mapped rather than taken from the heap. */
#define WARM_BYTES (56 * 1024)

/* The words of a process as ps(1) shows them, in the room that the first ones took. */
struct title {
    char *start;
    size_t size;
};

static struct title title_of(int argc, char **argv)
{
    char *last = argv[argc - 1];
    return (struct title){.start = argv[0], .size = (size_t)(last + strlen(last) + 1 - argv[0])};
}

static void title_set(struct title title, const char *first, const char *second, const char *third)
{
    const char *words[] = {first, second, third};
    memset(title.start, 0, title.size);
    for (size_t i = 0, at = 0; i < 3 && words[i]; i++) {
        size_t n = strlen(words[i]) + 1;
        if (at + n > title.size) return;
        memcpy(title.start + at, words[i], n);
        at += n;
    }
}

/* The next word of an order; NULL where it does not end or is longer than fits. */
static const char *next_word(const char **at, const char *end, size_t max)
{
    const char *word = *at;
    const char *nul = memchr(word, 0, (size_t)(end - word));
    if (!nul || (size_t)(nul - word) >= max) return NULL;
    *at = nul + 1;
    return word;
}

static bool read_order(const char *text, size_t size, struct zygote_order *order, const char **fail_step)
{
    const char *at = text, *end = text + size;
    const char *id = next_word(&at, end, sizeof order->id);
    const char *bundle = id ? next_word(&at, end, sizeof order->bundle) : NULL;
    *fail_step = bundle ? next_word(&at, end, 16) : NULL;
    if (!*fail_step) return false;
    strcpy(order->id, id);
    strcpy(order->bundle, bundle);
    return true;
}

/* One order and its descriptor, -1 for none. Returns its size, 0 when nobody can send any more, -1 to go on. */
static ssize_t receive(int fd, char *text, size_t size, int *control)
{
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } ancillary;
    struct iovec part = {.iov_base = text, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    *control = -1;
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (n < 0) return errno == EINTR || errno == ENOMEM || errno == ENOBUFS ? -1 : 0;
    struct cmsghdr *m = CMSG_FIRSTHDR(&message);
    if (n > 0 && m && m->cmsg_level == SOL_SOCKET && m->cmsg_type == SCM_RIGHTS)
        memcpy(control, CMSG_DATA(m), sizeof *control);
    return n;
}

/* The daemon finds the reason where it looks for the shim's answer. */
static void refuse(int control, int error)
{
    if (control < 0) return;
    dprintf(control, "{\"event\":\"failed\",\"errno\":\"%s\"}\n", strerrorname_np(error));
    close(control);
}

struct zygote {
    int fd;
    struct title title;
    struct zygote_order *order;
    char text[ORDER_MAX];
};

/* What a fork does before anything else. */
static void leave_zygote(const struct zygote *z)
{
    setsid();
    signal(SIGCHLD, SIG_DFL); /* a shim waits for its children */
    title_set(z->title, "td-shim", "spare", NULL);
}

static void become_shim(struct zygote *z, int control, const char *fail_step)
{
    dup2(control, z->fd); /* and so lets go of the socket of orders */
    close(control);
    if (*fail_step) {
        setenv("TINYDOCKER_FAIL_STEP", fail_step, 1);
        namespace_drop_spare(); /* steps are counted: they must be the same in every run */
    }
    title_set(z->title, "td-shim", z->order->id, z->order->bundle);
}

/* What a start will write on is its own already, instead of being copied page by page when it counts. */
static void warm_memory(void)
{
    char *heap = malloc(WARM_BYTES);
    if (!heap) return;
    memset(heap, 1, WARM_BYTES);
    __asm__ volatile("" : : "r"(heap) : "memory"); /* else the compiler sees that nobody reads it */
    free(heap);
}

/* The life of the fork that waits: until there is an order for it, or nobody to give one. */
static int wait_for_order(struct zygote *z, int used)
{
    leave_zygote(z);
    namespace_make_spare();
    warm_memory();
    for (;;) {
        int control;
        const char *fail_step;
        ssize_t n = receive(z->fd, z->text, sizeof z->text, &control);
        if (n == 0) return 0;
        if (n < 0) continue;
        close(used);
        if (control < 0 || !read_order(z->text, (size_t)n, z->order, &fail_step)) {
            refuse(control, EINVAL);
            return 0;
        }
        become_shim(z, control, fail_step);
        return 1;
    }
}

/* Forks the shim of an order that found none waiting. Returns 1 in it, 0 in the zygote, -1 at the end. */
static int serve(struct zygote *z)
{
    int control;
    const char *fail_step;
    ssize_t n = receive(z->fd, z->text, sizeof z->text, &control);
    if (n <= 0) return n == 0 ? -1 : 0;
    if (control < 0 || !read_order(z->text, (size_t)n, z->order, &fail_step)) {
        refuse(control, EINVAL);
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        leave_zygote(z);
        become_shim(z, control, fail_step);
        return 1;
    }
    if (pid < 0)
        refuse(control, errno);
    else
        close(control);
    return 0;
}

/* Forks the one that waits; *used ends when it waits no more. Returns 1 in it, 0 in the zygote. */
static int keep_one_ready(struct zygote *z, int *used)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return 0;
    pid_t pid = fork();
    close(ends[pid == 0 ? 0 : 1]);
    if (pid == 0) {
        /* Without an order it has nothing to be. */
        if (wait_for_order(z, ends[1]) == 0) _exit(0);
        return 1;
    }
    if (pid > 0)
        *used = ends[0];
    else
        close(ends[0]);
    return 0;
}

int zygote_run(int fd, int argc, char **argv, struct zygote_order *order)
{
    static struct zygote z; /* not on the stack, which shims give back */
    z = (struct zygote){.fd = fd, .title = title_of(argc, argv), .order = order};
    title_set(z.title, "td-shim", "zygote", NULL);
    prctl(PR_SET_NAME, "td-zygote", 0, 0, 0);
    signal(SIGCHLD, SIG_IGN);
    cgroup_read_host(); /* for all shims; one that has to find out for itself can say what went wrong */
    int used = -1;
    for (;;) {
        /* While one waits, orders are its own to take. */
        struct pollfd p[] = {{.fd = fd}, {.fd = used, .events = POLLIN}};
        if (used < 0) p[0].events = POLLIN;
        int ready = poll(p, 2, used < 0 ? QUIET_MS : -1), rc = 0;
        if (p[1].revents) {
            close(used);
            used = -1;
        } else if (ready > 0) {
            rc = p[0].revents & POLLIN ? serve(&z) : -1;
        } else if (ready == 0) {
            rc = keep_one_ready(&z, &used);
        }
        if (rc > 0) return 1;
        if (rc < 0) {
            /* The fork that waits has seen the same end: nothing is left when the daemon has reaped this process. */
            while (used >= 0 && poll(&p[1], 1, -1) < 0 && errno == EINTR) continue;
            return 0;
        }
    }
}
