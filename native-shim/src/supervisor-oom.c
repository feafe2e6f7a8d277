/* Tells the daemon when the container runs out of memory, while it goes on. */
#include "supervisor.h"

void supervisor_tell_oom(struct supervisor *s)
{
    /* The end of the cgroup is an event as well; by then nobody is to be told. */
    if (!s->oom_watched || s->state != STATE_RUNNING || !oom_happened(&s->oom)) return;
    struct buffer event = {0};
    message_oom(&event);
    control_broadcast(&s->control, &event);
    buffer_free(&event);
    s->unsettled = true;
}

static void oom_ready(struct source *source, uint32_t events)
{
    (void)events;
    supervisor_tell_oom(OWNER_OF(source, struct supervisor, oom.source));
}

void supervisor_watch_oom(struct supervisor *s)
{
    s->oom_watched = true;
    oom_watch(&s->oom, &s->loop, s->container.cgroup, oom_ready);
}
