#include "oom.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "path.h"

/* "<eventfd> <memory.oom_control>" in cgroup.event_control; neither the control file nor this one stays open. */
static int register_eventfd(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char file[PATH_MAX], text[32];
    int control =
        cgroup_file(cg, h, "memory.oom_control", file, sizeof file) ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    int event = control < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(text, sizeof text, "%d %d", event, control);
    bool done = event >= 0 && cgroup_file(cg, h, "cgroup.event_control", file, sizeof file) &&
                path_write(AT_FDCWD, file, text) == 0;
    if (control >= 0) close(control);
    if (done) return event;
    if (event >= 0) close(event);
    return -1;
}

static int watch_file(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
    char file[PATH_MAX];
    if (!cgroup_file(cg, h, "memory.events", file, sizeof file)) return -1;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0 || inotify_add_watch(fd, file, IN_MODIFY) >= 0) return fd;
    close(fd);
    return -1;
}

void oom_watch(struct oom *oom, struct loop *loop, const struct cgroup *cgroup,
               void (*ready)(struct source *source, uint32_t events))
{
    const struct cgroup_hierarchy *h = cgroup ? cgroup_find(cgroup, "memory") : NULL;
    *oom = (struct oom){.cgroup = cgroup, .source = {.fd = -1, .ready = ready}};
    if (!h) return;
    oom->source.fd = cgroup->v2 ? watch_file(cgroup, h) : register_eventfd(cgroup, h);
    if (oom->source.fd >= 0 && loop_watch(loop, &oom->source, EPOLLIN) != 0) oom_close(oom, loop);
}

bool oom_happened(struct oom *oom)
{
    char news[4096] __attribute__((aligned(8)));
    bool any = false;
    if (oom->source.fd < 0) return false;
    while (read(oom->source.fd, news, sizeof news) > 0) any = true;
    if (!any || !oom->cgroup->v2) return any;
    /* The file also changes for other reasons, such as a limit that was reached. */
    uint64_t kills = cgroup_oom_kills(oom->cgroup);
    bool more = kills > oom->kills;
    oom->kills = kills;
    return more;
}

void oom_close(struct oom *oom, struct loop *loop)
{
    if (oom->source.fd >= 0) loop_discard(loop, &oom->source);
    oom->source.fd = -1;
}
