#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

#define SOCKET_NAME "shim.sock"
#define ACK_TIMEOUT_NS 1000000000ull
#define CLEAN_UP_AFTER_NS 10000000ull
#define AWAKE_NS 1000000ull
#define IDLE_AFTER_MS 100
#define STEPS_AFTER_MS 5

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The streams of a target tell of changes and of clients that left. */

static void on_stream_change(struct streams *streams)
{
    OWNER_OF(streams, struct target, streams)->supervisor->unsettled = true;
}

static void on_detach(struct streams *streams, bool by_keys)
{
    struct target *t = OWNER_OF(streams, struct target, streams);
    struct buffer event = {0};
    message_detach(&event, t->id, by_keys);
    control_broadcast(&t->supervisor->control, &event);
    buffer_free(&event);
}

void supervisor_adopt(struct supervisor *s, struct target *t)
{
    streams_init(&t->streams, &s->loop, s->scratch);
    t->streams.on_change = on_stream_change;
    t->streams.on_detach = on_detach;
}

struct target *supervisor_find(struct supervisor *s, const char *id)
{
    if (id[0] == '\0') return &s->main;
    for (struct target *t = s->execs; t != NULL; t = t->next)
        if (strcmp(t->id, id) == 0) return t;
    return NULL;
}

void supervisor_drop(struct supervisor *s, struct target *t)
{
    struct target **at = &s->execs;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    target_close(t);
    free(t);
}

/* The end of processes. */

/*
 * The clients of an exec see its end at once: who then asks the daemon for its status is answered after the
 * event, which is on the way before. What a container's end allows (a start, a removal) is allowed by what the daemon
 * has recorded: its clients stay until that is so.
 */
static void announce_end(struct supervisor *s, struct target *t, const struct buffer *event)
{
    control_broadcast(&s->control, event);
    t->ended = true;
    if (t == &s->main && !s->unwanted)
        target_await(t, s->control.connections, monotonic_ns() + ACK_TIMEOUT_NS);
    s->unsettled = true;
}

static void exec_ended(struct supervisor *s, struct target *t, int wait_status)
{
    struct buffer event = {0};
    t->record = exit_record_new(wait_status);
    streams_drain(&t->streams);
    message_exec_exit(&event, t->id, &t->record);
    announce_end(s, t, &event);
    buffer_free(&event);
}

/*
 * The kernel kills all of a pid namespace with its init, and lets init be reaped after them: the execs have
 * been reported by now. Only in a container with the host's pid namespace may some be left.
 */
static void end_other_execs(struct supervisor *s)
{
    for (struct target *t = s->execs; t != NULL; t = t->next) {
        int status;
        if (t->ended) continue;
        kill(t->pid, SIGKILL);
        if (waitpid(t->pid, &status, 0) == t->pid) exec_ended(s, t, status);
    }
}

static void container_ended(struct supervisor *s, int wait_status)
{
    /* Before the end that it has perhaps led to. */
    supervisor_tell_oom(s);
    struct buffer event = {0};
    struct target *t = &s->main;
    t->record = exit_record_new(wait_status);
    t->record.oom_killed = container_oom_killed(&s->container);
    end_other_execs(s);
    streams_drain(&t->streams);
    s->state = STATE_STOPPED;
    /* In place before anyone is told: a daemon that dies over the news finds it. Where it cannot be written,
     * they are told. */
    exit_record_write(&t->record);
    message_exit(&event, &t->record);
    announce_end(s, t, &event);
    buffer_free(&event);
}

static void signals_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct supervisor *s = OWNER_OF(source, struct supervisor, signals);
    struct signalfd_siginfo info;
    while (read(source->fd, &info, sizeof(info)) > 0) {
    }
    /* One SIGCHLD may stand for many. */
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (log_reaped(&s->log, pid, status)) continue;
        if (s->state == STATE_RUNNING && pid == s->main.pid) {
            container_ended(s, status);
            continue;
        }
        for (struct target *t = s->execs; t != NULL; t = t->next)
            if (t->pid == pid && !t->ended) {
                exec_ended(s, t, status);
                break;
            }
    }
}

/* Acks and their deadline. */

static void timer_ready(struct source *source, uint32_t events)
{
    (void)events;
    struct supervisor *s = OWNER_OF(source, struct supervisor, timer);
    uint64_t expirations;
    if (read(source->fd, &expirations, sizeof(expirations)) < 0) return;
    s->timer_ns = 0;
    s->unsettled = true;
}

static void set_timer(struct supervisor *s, uint64_t ns)
{
    if (ns == s->timer_ns) return;
    s->timer_ns = ns;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};
    timerfd_settime(s->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Sends the clients of an ended target away once everybody knows. Returns the deadline that is still ahead,
 * or 0. */
static uint64_t release(struct target *t, uint64_t now)
{
    if (!t->ended || t->released) return 0;
    /* A held client gets what it has missed first. */
    bool waits = t->nawaiting > 0 || streams_has_held(&t->streams);
    if (waits && now < t->deadline_ns) return t->deadline_ns;
    t->nawaiting = 0;
    t->released = true;
    streams_close_clients(&t->streams, false);
    return 0;
}

static void on_control_close(struct control *control, struct connection *c)
{
    struct supervisor *s = OWNER_OF(control, struct supervisor, control);
    target_ack(&s->main, c, false);
    streams_release(&s->main.streams, c, 0);
    for (struct target *t = s->execs; t != NULL; t = t->next) {
        target_ack(t, c, false);
        streams_release(&t->streams, c, 0);
    }
    supervisor_leave_resolver(s, c);
    if (c != s->first) return;
    s->first = NULL;
    /* The daemon died, or changed its mind, before it asked for a container. */
    if (s->state == STATE_CREATED) s->done = true;
}

/*
 * Between the end of the container and the clearing up: namespaces that go are work for the kernel on every
 * processor, and whoever has waited for the end has something to do just now. Returns when it is over, 0 for not
 * at all or by now.
 */
static uint64_t linger(struct supervisor *s, uint64_t now)
{
    if (!s->main.released) return 0;
    if (s->clean_up_ns == 0) s->clean_up_ns = now + CLEAN_UP_AFTER_NS;
    s->done = s->unwanted || now >= s->clean_up_ns;
    return s->done ? 0 : s->clean_up_ns;
}

__attribute__((hot)) static void settle(struct supervisor *s)
{
    while (s->unsettled) {
        s->unsettled = false;
        control_settle(&s->control);
        streams_settle(&s->main.streams);
        uint64_t now = monotonic_ns(), timer = release(&s->main, now);
        for (struct target *t = s->execs, *next; t != NULL; t = next) {
            next = t->next;
            streams_settle(&t->streams);
            uint64_t deadline = release(t, now);
            if (deadline != 0 && (timer == 0 || deadline < timer)) timer = deadline;
            /* One that ended while no daemon was there stays in the list, for the next one's hello and ack.
             */
            if (t->released && t->acked) supervisor_drop(s, t);
        }
        uint64_t end = linger(s, now);
        if (end != 0 && (timer == 0 || end < timer)) timer = end;
        set_timer(s, timer);
        /* Now that the start has been answered. */
        if (s->state == STATE_RUNNING && !s->oom_watched) supervisor_watch_oom(s);
        if (s->state == STATE_RUNNING) supervisor_watch_resolver(s);
    }
}

static void on_control_change(struct control *control)
{
    OWNER_OF(control, struct supervisor, control)->unsettled = true;
}

static void on_log_trouble(struct log *log, const char *what, int error, uint64_t lost)
{
    struct supervisor *s = OWNER_OF(log, struct supervisor, log);
    struct buffer event = {0};
    message_log(&event, what, error, lost);
    control_broadcast(&s->control, &event);
    buffer_free(&event);
}

static void take_bundle(struct supervisor *s)
{
    s->bundle = bundle_load(s->bundle_dir, s->bundle_error, sizeof(s->bundle_error));
    log_open(&s->log, s->bundle == NULL ? NULL : &s->bundle->log, &s->loop);
    s->log.on_trouble = on_log_trouble;
    s->main.streams.log = &s->log;
    if (s->bundle == NULL) return;
    s->main.streams.terminal = s->bundle->process.terminal;
    s->main.streams.in_open = s->bundle->stdin_open;
    s->main.streams.in_once = s->bundle->stdin_once;
}

/* The daemon writes the bundle while the shim comes into being: it is there with the first request. */
static void on_control_line(struct control *control, struct connection *c, const char *line, size_t len)
{
    struct supervisor *s = OWNER_OF(control, struct supervisor, control);
    if (!s->bundle_taken) take_bundle(s);
    s->bundle_taken = true;
    supervisor_request(s, c, line, len);
}

static int open_sources(struct supervisor *s, int control_fd)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    s->signals =
        (struct source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signals_ready};
    s->timer = (struct source){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                               .ready = timer_ready};
    if (s->signals.fd < 0 || s->timer.fd < 0) return -errno;

    int rc = loop_watch(&s->loop, &s->signals, EPOLLIN);
    if (rc == 0) rc = loop_watch(&s->loop, &s->timer, EPOLLIN);
    if (rc != 0) return rc;

    s->control = (struct control){.loop = &s->loop,
                                  .listener = {.fd = -1},
                                  .scratch = s->scratch,
                                  .scratch_size = SCRATCH_SIZE,
                                  .on_line = on_control_line,
                                  .on_close = on_control_close,
                                  .on_change = on_control_change};
    if (fcntl(control_fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(control_fd, F_SETFL, O_NONBLOCK) != 0)
        return -errno;
    s->first = control_add(&s->control, control_fd);
    if (s->first == NULL) return -ENOMEM;
    return control_listen(&s->control, SOCKET_NAME);
}

static int init(struct supervisor *s, const char *bundle_dir, int control_fd)
{
    int rc = loop_open(&s->loop);
    if (rc != 0) return rc;
    s->scratch =
        mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->scratch == MAP_FAILED) return -errno;
    s->bundle_dir = bundle_dir;
    s->born_ns = monotonic_ns();
    target_init(&s->main, s, "");
    supervisor_adopt(s, &s->main);
    return open_sources(s, control_fd);
}

/*
 * A shim that waits holds next to nothing: what the next burst of work needs it finds again for a fault a
 * page. The greater part of the program has served when the container runs, and most shims never need it
 * again.
 */
__attribute__((hot)) static void give_back_memory(struct supervisor *s)
{
    s->idle = true;
    madvise(s->scratch, SCRATCH_SIZE, MADV_DONTNEED);
    log_trim(&s->log);
    malloc_trim(0);
    if (s->state != STATE_RUNNING || s->slimmed) return;
    s->slimmed = true;
    memory_forget_stack();
    memory_forget_program();
}

/* The record of the start is long, and nobody waits for it: it is told when there is nothing else to do. */
static void tell_steps(struct supervisor *s)
{
    if (s->steps == NULL) return;
    struct buffer event = {0};
    message_steps(&event, s->steps);
    control_broadcast(&s->control, &event);
    buffer_free(&event);
    steps_free(s->steps);
    s->steps = NULL;
    s->unsettled = true;
}

/* How much clearing up stands back: whoever has just learned of the end is at work. */
#define CLEAN_UP_NICE 10

/* In this order: who sees the end of the control connection may count on everything else being gone. */
static void clean_up(struct supervisor *s)
{
    tell_steps(s);
    setpriority(PRIO_PROCESS, 0, CLEAN_UP_NICE);
    while (s->execs != NULL) supervisor_drop(s, s->execs);
    target_close(&s->main);
    if (s->bundle_taken) log_close(&s->log);
    if (s->oom_watched) oom_close(&s->oom, &s->loop);
    if (s->state != STATE_CREATED) container_destroy(&s->container);
    if (s->control.listener.fd >= 0) unlink(SOCKET_NAME);
    control_close(&s->control);
}

/*
 * How long the loop sleeps, in ms. A shim that has just been ordered is sent its first request within the millisecond: it
 * looks for it until then, since to be woken would take it a tenth of a start.
 */
__attribute__((hot)) static int patience(struct supervisor *s)
{
    if (s->steps != NULL) return STEPS_AFTER_MS;
    if (s->idle) return -1;
    if (s->bundle_taken || monotonic_ns() > s->born_ns + AWAKE_NS) return IDLE_AFTER_MS;
    sched_yield();
    return 0;
}

__attribute__((hot)) int supervisor_run(const char *bundle_dir, int control_fd)
{
    /* Not on the stack nor static: one allocation that malloc_trim leaves alone. */
    struct supervisor *s = calloc(1, sizeof(*s));
    int rc = s == NULL ? -ENOMEM : init(s, bundle_dir, control_fd);
    if (rc != 0) {
        fprintf(stderr, "td-shim: set up: %s\n", strerror(-rc));
        return 1;
    }
    while (!s->done) {
        int wait = patience(s), n = loop_run_once(&s->loop, wait);
        if (n < 0) return 1;
        if (n > 0)
            s->idle = false;
        else if (wait == 0)
            continue;
        else if (s->steps != NULL)
            tell_steps(s);
        else if (!s->idle)
            give_back_memory(s);
        settle(s);
    }
    clean_up(s);
    return 0;
}
