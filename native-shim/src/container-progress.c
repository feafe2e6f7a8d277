#include "container-progress.h"

#include <linux/futex.h>
#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void progress_reach(struct steps *s, enum progress to)
{
    __atomic_store_n(&s->progress, (uint32_t)to, __ATOMIC_RELEASE);
    syscall(SYS_futex, &s->progress, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool progress_wait_while(struct steps *s, enum progress to, const int pidfds[2])
{
    /* The end of a process wakes nobody who waits for a number. */
    static const struct timespec while_ns = {.tv_nsec = 5000000};
    for (;;) {
        uint32_t now = __atomic_load_n(&s->progress, __ATOMIC_ACQUIRE);
        if (now >= (uint32_t)to) return true;
        if (__atomic_load_n(&s->failure.set, __ATOMIC_ACQUIRE)) return false;
        struct pollfd p[] = {{.fd = pidfds[0], .events = POLLIN}, {.fd = pidfds[1], .events = POLLIN}};
        if (poll(p, 2, 0) > 0) return false;
        syscall(SYS_futex, &s->progress, FUTEX_WAIT, now, &while_ns, NULL, 0);
    }
}

void progress_wait(struct steps *s, enum progress to)
{
    for (;;) {
        uint32_t now = __atomic_load_n(&s->progress, __ATOMIC_ACQUIRE);
        if (now >= (uint32_t)to) return;
        syscall(SYS_futex, &s->progress, FUTEX_WAIT, now, NULL, NULL, 0);
    }
}
