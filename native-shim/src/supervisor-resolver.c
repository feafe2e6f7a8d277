/* Who answers the container's questions for names: the daemon, from the first of them on. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "namespace.h"

static void unwatch(struct supervisor *s)
{
    loop_watch(&s->loop, &s->container.resolver.udp, 0);
    loop_watch(&s->loop, &s->container.resolver.tcp, 0);
}

/* Once: who does not know the event will not come for them, and the sockets stay as they are. */
static void tell(struct supervisor *s)
{
    struct buffer event = {0};
    unwatch(s);
    s->resolver_told = true;
    message_resolver(&event);
    control_broadcast(&s->control, &event);
    buffer_free(&event);
}

static void udp_ready(struct source *source, uint32_t events)
{
    (void)events;
    tell(OWNER_OF(source, struct supervisor, container.resolver.udp));
}

static void tcp_ready(struct source *source, uint32_t events)
{
    (void)events;
    tell(OWNER_OF(source, struct supervisor, container.resolver.tcp));
}

void supervisor_watch_resolver(struct supervisor *s)
{
    struct resolver *r = &s->container.resolver;
    if (r->udp.fd < 0 || s->resolver_told || s->resolver_holder || !s->control.connections) return;
    r->udp.ready = udp_ready;
    r->tcp.ready = tcp_ready;
    loop_watch(&s->loop, &r->udp, EPOLLIN);
    loop_watch(&s->loop, &r->tcp, EPOLLIN);
}

void supervisor_leave_resolver(struct supervisor *s, const struct connection *c)
{
    if (s->state != STATE_RUNNING) return;
    if (s->resolver_holder == c) s->resolver_holder = NULL;
    /* Whoever is still there, or comes, is to hear of what waits. */
    if (!s->resolver_holder) s->resolver_told = false;
    unwatch(s);
    s->unsettled = true;
}

/* For a container that was started without: it has been connected to a network that has names. */
static int open_late(struct supervisor *s, struct steps *steps)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || STEP(steps, "setns", setns(s->container.network, CLONE_NEWNET), "network") < 0) {
        step_fail(steps, errno, 128, "enter the network namespace");
        if (own >= 0) close(own);
        return -1;
    }
    int rc = resolver_open(steps, &s->container.resolver);
    namespace_go_back(own, CLONE_NEWNET);
    return rc;
}

void supervisor_give_resolver(struct supervisor *s, const struct request *r, struct connection *c,
                              struct buffer *out)
{
    struct steps *steps = NULL;
    int fd = connection_take_fd(c), rc = 0;
    if (s->state != STATE_RUNNING || s->container.network < 0) {
        message_error(out, r, "request", ESRCH, "resolver: no running container with a network of its own");
    } else if (s->container.resolver.udp.fd < 0 && (steps = steps_new()) && open_late(s, steps) < 0) {
        message_failure(out, r, &steps->failure, NULL);
    } else if (s->container.resolver.udp.fd < 0) {
        message_error(out, r, "request", ENOMEM, "resolver: out of memory");
    } else if (fd >= 0 && (rc = resolver_send(&s->container.resolver, fd)) != 0) {
        message_error(out, r, "request", -rc, "resolver: descriptors cannot be handed over");
    } else {
        /* Without a descriptor to hand them over the sockets are only to be there. */
        if (fd >= 0) {
            s->resolver_holder = c;
            unwatch(s);
        }
        message_ok(out, r);
        s->unsettled = true;
    }
    if (fd >= 0) close(fd);
    steps_free(steps);
}
