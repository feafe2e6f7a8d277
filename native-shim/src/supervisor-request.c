/* The operations of docs/shim-protocol.md: one function each, which writes its answer. */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void refuse(struct buffer *out, const struct request *r, int error, const char *text)
{
    message_error(out, r, "request", error, text);
}

static void op_start(struct supervisor *s, const struct request *r, struct buffer *out)
{
    if (s->state != STATE_CREATED) {
        refuse(out, r, EALREADY, "container has been started already");
        return;
    }
    struct child_stdio io;
    struct steps *steps = steps_new();
    char error[256];
    int console = -1, rc = steps == NULL ? -errno : streams_pipes(&s->main.streams, true, &io), logs = 0;
    if (rc != 0) {
        message_error(out, r, "pipe", -rc, "create the container's streams");
        s->done = true;
    } else if ((logs = log_connect(&s->log, error, sizeof(error))) != 0) {
        message_error(out, r, "", -logs, error);
        s->done = true;
    } else if (container_create(&s->container, s->bundle, &io, steps, &console) != 0) {
        message_failure(out, r, &steps->failure, steps);
        s->done = true;
    } else {
        s->state = STATE_RUNNING;
        log_start(&s->log);
        s->main.pid = s->container.pid;
        message_started(out, r, s->container.pid, s->container.start_time);
        streams_started(&s->main.streams, console);
        s->steps = steps;
    }
    if (steps != NULL) child_stdio_close(&io);
    if (s->steps == NULL) steps_free(steps);
    s->unsettled = true;
}

static void op_attach(struct supervisor *s, struct request *r, struct connection *c, struct buffer *out)
{
    int fd = connection_take_fd(c);
    struct target *t = supervisor_find(s, r->target);
    if (fd < 0) {
        refuse(out, r, EBADF, "attach: no descriptor came with the request");
        return;
    }
    if (t == NULL || t->ended) {
        close(fd);
        refuse(out, r, ESRCH, t == NULL ? "attach: no such exec" : "attach: process has ended");
        return;
    }
    struct timespec now;
    int hold = r->attach.hold;
    r->attach.holder = c;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!streams_attach(&t->streams, fd, &r->attach))
        refuse(out, r, EPERM, "attach: descriptor cannot be polled");
    else if (hold != 0)
        message_held(out, r, &now);
    else
        message_ok(out, r);
}

static void op_release(struct supervisor *s, const struct request *r, struct connection *c,
                       struct buffer *out)
{
    struct target *t = supervisor_find(s, r->target);
    if (t != NULL && streams_release(&t->streams, c, r->attach.hold))
        message_ok(out, r);
    else
        refuse(out, r, ESRCH, "release: nothing is held by this number");
}

/* Starts the process of t, whose attach client, if any, is there already: it misses no byte. */
static void run_exec(struct supervisor *s, const struct request *r, struct target *t,
                     const struct process *process, struct buffer *out)
{
    struct child_stdio io;
    int console = -1;
    struct steps *steps = steps_new();
    int rc = steps == NULL ? -errno : streams_pipes(&t->streams, r->has_attach, &io);
    bool started = false;
    if (rc != 0) {
        message_error(out, r, "pipe", -rc, "create the streams of the exec");
    } else if (container_exec(&s->container, process, &io, steps, &t->pid, &console) != 0) {
        message_failure(out, r, &steps->failure, NULL);
    } else {
        started = true;
        message_exec_started(out, r, t->pid);
        streams_started(&t->streams, console);
    }
    if (steps != NULL) {
        child_stdio_close(&io);
        steps_free(steps);
    }
    if (started) return;
    /* The daemon still has the connection, and an error to tell on it. */
    streams_close_clients(&t->streams, true);
    supervisor_drop(s, t);
}

static void op_exec(struct supervisor *s, struct request *r, struct connection *c, struct buffer *out)
{
    char error[256] = "";
    struct process process = {0};
    int fd = r->has_attach ? connection_take_fd(c) : -1;
    struct target *t = NULL;
    if (s->state != STATE_RUNNING) {
        refuse(out, r, ESRCH, "exec: container is not running");
    } else if (supervisor_find(s, r->target) != NULL) {
        refuse(out, r, EEXIST, "exec: there is one of this id");
    } else if (r->has_attach && fd < 0) {
        refuse(out, r, EBADF, "exec: no descriptor came with the request");
    } else if (process_decode(&process, r->process, r->user, r->groups, error, sizeof(error)) != 0) {
        message_error(out, r, "decode", EINVAL, error);
    } else if ((t = calloc(1, sizeof(*t))) == NULL) {
        refuse(out, r, ENOMEM, "exec: out of memory");
    } else {
        target_init(t, s, r->target);
        /* Without memory for it, it is only less well known. */
        t->note = r->note == NULL ? NULL : strdup(r->note);
        supervisor_adopt(s, t);
        t->streams.terminal = process.terminal;
        t->streams.in_open = r->in_open && r->has_attach; /* who else would feed or close it? */
        t->streams.in_once = true;
        t->next = s->execs;
        s->execs = t;
        bool attached = fd < 0 || streams_attach(&t->streams, fd, &r->attach);
        fd = -1;
        if (attached) {
            run_exec(s, r, t, &process, out);
        } else {
            refuse(out, r, EPERM, "exec: descriptor cannot be polled");
            supervisor_drop(s, t);
        }
    }
    if (fd >= 0) close(fd);
    process_free(&process);
}

static void op_resize(struct supervisor *s, const struct request *r, struct buffer *out)
{
    struct target *t = supervisor_find(s, r->target);
    int rc = 0;
    if (t == NULL) {
        rc = -ESRCH;
    } else if (t == &s->main && s->state == STATE_CREATED) {
        s->bundle->process.rows = r->rows;
        s->bundle->process.cols = r->cols;
    } else {
        rc = streams_resize(&t->streams, r->rows, r->cols);
    }
    if (rc == 0)
        message_ok(out, r);
    else
        refuse(out, r, -rc, t == NULL ? "resize: no such exec" : "resize: no terminal to be resized");
}

static void op_kill(struct supervisor *s, const struct request *r, struct buffer *out)
{
    struct target *t = supervisor_find(s, r->target);
    int rc = -ESRCH;
    if (t == &s->main) {
        if (s->state == STATE_RUNNING) rc = container_kill(&s->container, r->signal);
    } else if (t != NULL && !t->ended) {
        /* Its whole process group, which it leads since its setsid(2): a command in a shell is more than the
         * shell. Its own child, not reaped: the number is still its. */
        rc = kill(-t->pid, r->signal) != 0 ? -errno : 0;
    }
    if (rc == 0)
        message_ok(out, r);
    else
        refuse(out, r, -rc, "kill: no such process, or not to be signalled");
}

static void op_hello(struct supervisor *s, const struct request *r, struct buffer *out)
{
    static const char *const names[] = {
        [STATE_CREATED] = "created", [STATE_RUNNING] = "running", [STATE_STOPPED] = "stopped"};
    bool running = s->state == STATE_RUNNING;
    message_hello(out, r, s->bundle->id, names[s->state], running ? s->container.pid : 0,
                  running ? s->container.start_time : 0);
    for (const struct target *t = s->execs; t != NULL; t = t->next)
        if (!(t->released && t->acked))
            message_hello_exec(out, t->id, t->note, t->pid, !t->ended, t->record.status);
    message_hello_end(out);
    s->unsettled = true; /* who has come may be who answers questions for names */
}

static void op_ack(struct supervisor *s, const struct request *r, struct connection *c)
{
    struct target *t = supervisor_find(s, r->target);
    if (t != NULL) target_ack(t, c, true);
    s->unsettled = true;
}

static void op_shutdown(struct supervisor *s, const struct request *r, struct buffer *out)
{
    s->unwanted = true;
    s->unsettled = true;
    s->main.nawaiting = 0;
    if (s->state == STATE_CREATED)
        s->done = true;
    else if (s->state == STATE_RUNNING)
        container_kill(&s->container, SIGKILL);
    message_ok(out, r);
}

static void perform(struct supervisor *s, struct request *r, struct connection *c, struct buffer *out)
{
    if (s->bundle == NULL && r->operation != OP_SHUTDOWN) {
        struct failure failure = {.set = true, .error = EINVAL, .exit_code = 128, .step = "bundle"};
        strcpy(failure.message, s->bundle_error);
        message_failure(out, r, &failure, NULL);
        if (r->operation == OP_START) s->done = s->unsettled = true;
        return;
    }
    switch (r->operation) {
    case OP_START:
        op_start(s, r, out);
        return;
    case OP_ATTACH:
        op_attach(s, r, c, out);
        return;
    case OP_EXEC:
        op_exec(s, r, c, out);
        return;
    case OP_RESIZE:
        op_resize(s, r, out);
        return;
    case OP_KILL:
        op_kill(s, r, out);
        return;
    case OP_HELLO:
        op_hello(s, r, out);
        return;
    case OP_ACK:
        op_ack(s, r, c);
        return;
    case OP_RELEASE:
        op_release(s, r, c, out);
        return;
    case OP_RESOLVER:
        supervisor_give_resolver(s, r, c, out);
        return;
    case OP_CONNECT:
    case OP_DISCONNECT:
    case OP_ROUTE:
        supervisor_network(s, r, out);
        return;
    case OP_SHUTDOWN:
        op_shutdown(s, r, out);
        return;
    }
}

void supervisor_request(struct supervisor *s, struct connection *c, const char *line, size_t len)
{
    struct request r;
    struct buffer out = {0};
    char error[256];
    if (request_decode(&r, line, len, error, sizeof(error)))
        perform(s, &r, c, &out);
    else
        message_error(&out, &r, "decode", EBADMSG, error);
    if (out.len > 0 || out.failed) connection_send(c, &out);
    buffer_free(&out);
    request_free(&r);
}
