#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_open(struct loop *loop)
{
    loop->count = 0;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll < 0 ? -errno : 0;
}

void loop_close(struct loop *loop)
{
    if (loop->epoll >= 0) close(loop->epoll);
    loop->epoll = -1;
}

int loop_watch(struct loop *loop, struct source *source, uint32_t events)
{
    if (source->fd < 0 || events == source->watched) return 0;
    struct epoll_event event = {.events = events, .data.ptr = source};
    int op = events == 0 ? EPOLL_CTL_DEL : source->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(loop->epoll, op, source->fd, &event) != 0) return -errno;
    source->watched = events;
    if (events == 0)
        for (int i = 0; i < loop->count; i++)
            if (loop->round[i] == source) loop->round[i] = NULL;
    return 0;
}

void loop_discard(struct loop *loop, struct source *source)
{
    if (source->fd < 0) return;
    /* Explicitly, since closing takes a descriptor out of the set only when no duplicate of it is left
     * anywhere. */
    loop_watch(loop, source, 0);
    close(source->fd);
    source->fd = -1;
}

__attribute__((hot)) int loop_run_once(struct loop *loop, int timeout)
{
    struct epoll_event events[LOOP_BATCH];
    int n = epoll_wait(loop->epoll, events, LOOP_BATCH, timeout);
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++) loop->round[i] = events[i].data.ptr;
    loop->count = n;
    for (int i = 0; i < n; i++)
        if (loop->round[i] != NULL) loop->round[i]->ready(loop->round[i], events[i].events);
    loop->count = 0;
    return n;
}
