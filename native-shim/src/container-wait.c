#include "container-wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

/* A set-up takes milliseconds; one that takes this long hangs on something that is not ours, as a dead
 * network filesystem. */
#define DEADLINE_MS 60000

int container_guard(struct steps *s)
{
    if (STEP(s, "prctl", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable") == 0) return 0;
    step_fail(s, errno, 128, "make the shim not dumpable");
    return -1;
}

int container_channels(struct steps *s, bool terminal, int alive[2], int sockets[2])
{
    sockets[0] = sockets[1] = -1;
    if (STEP(s, "pipe2", pipe2(alive, O_CLOEXEC), "exec") < 0) {
        step_fail(s, errno, 128, "make a pipe");
        return -1;
    }
    if (!terminal ||
        STEP(s, "socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "terminal") == 0)
        return 0;
    step_fail(s, errno, 128, "make a socket pair");
    close(alive[0]);
    close(alive[1]);
    return -1;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until something can be read or the other side is gone; -1 with ETIMEDOUT. */
static int wait_readable(int fd)
{
    int64_t end = now_ms() + DEADLINE_MS;
    for (;;) {
        int64_t left = end - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int rc = poll(&p, 1, left > 0 ? (int)left : 0);
        if (rc > 0) return 0;
        if (rc < 0 && errno == EINTR) continue;
        if (rc == 0) errno = ETIMEDOUT;
        return -1;
    }
}

int container_wait_terminal(int socket)
{
    return wait_readable(socket) < 0 ? -1 : device_receive(socket);
}

/* The record of the exec, which the child began and could not end; NULL where the list was full. */
static struct step *exec_step(struct steps *s)
{
    uint32_t n = s->count < STEPS_MAX ? s->count : STEPS_MAX;
    for (uint32_t i = n; i-- > 0;)
        if (s->list[i].actor != ACTOR_SHIM && strcmp(s->list[i].name, "exec") == 0) return &s->list[i];
    return NULL;
}

/* It was killed on its way: by the memory limit of the cgroup, most likely. */
static void fail_without_a_word(struct steps *s, int pidfd)
{
    siginfo_t info = {0};
    bool known = pidfd >= 0 && waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOWAIT) == 0;
    struct step *st = step_begin(s, "exec", "wait");
    errno = ECHILD;
    step_end(s, st, -1);
    /* The sentence says it all: no errno is added to it. */
    if (known && info.si_code != CLD_EXITED)
        step_fail(s, 0, 128, "the container's process was killed by signal %d before it ran%s",
                  info.si_status, info.si_status == SIGKILL ? " (is the memory limit too low?)" : "");
    else
        step_fail(s, 0, 128, "the container's process ended before it ran");
}

int container_wait_exec(struct steps *s, int alive, int pidfd)
{
    int rc = wait_readable(alive);
    int error = errno;
    if (rc < 0) {
        step_end(s, step_begin(s, "exec", "wait"), -1);
        step_fail(s, error, 128, "wait for the container's process");
        return -1;
    }
    if (__atomic_load_n(&s->failure.set, __ATOMIC_ACQUIRE)) return -1;
    if (s->executing) {
        step_end(s, exec_step(s), 0);
        return 0;
    }
    fail_without_a_word(s, pidfd);
    return -1;
}

void container_reap(pid_t pid, int pidfd)
{
    if (pidfd >= 0)
        pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    else
        kill(pid, SIGKILL);
    container_wait(pid);
}

void container_wait(pid_t pid)
{
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) continue;
}

uint64_t container_start_time(pid_t pid)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    /* The second field is the name, which may hold anything; the third follows its last parenthesis. */
    char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++) p = strchr(p + 1, ' ');
    return p ? strtoull(p, NULL, 10) : 0;
}
