#include "step.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/*
 * The step that failed last in this process. Not in the shared mapping: after a fork each side has its own,
 * and the failure is written by the side that saw it.
 */
static const struct step *last_failed;
static enum step_actor this_actor = ACTOR_SHIM;

void steps_actor(enum step_actor actor)
{
    this_actor = actor;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int fail_step_from_environment(void)
{
    const char *text = getenv("TINYDOCKER_FAIL_STEP");
    if (!text || !*text) return -1;
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    return errno || *end || n < 0 || n >= STEPS_MAX ? -1 : (int)n;
}

struct steps *steps_new(void)
{
    /* Pages that no step reaches are never touched, and cost nothing. */
    struct steps *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) return NULL;
    s->fail_at = fail_step_from_environment();
    last_failed = NULL;
    return s;
}

void steps_free(struct steps *s)
{
    if (!s) return;
    int saved = errno;
    munmap(s, sizeof *s);
    last_failed = NULL;
    errno = saved;
}

struct step *step_begin(struct steps *s, const char *name, const char *fmt, ...)
{
    /* Both sides of a fork may record at the same moment. */
    uint32_t at = __atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
    if (at >= STEPS_MAX) {
        __atomic_fetch_sub(&s->count, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&s->dropped, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    struct step *st = &s->list[at];
    snprintf(st->name, sizeof st->name, "%s", name);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(st->args, sizeof st->args, fmt, ap);
    va_end(ap);
    st->actor = this_actor;
    st->error = (int)at == s->fail_at ? EIO : 0;
    st->duration_ns = 0;
    st->start_ns = now_ns();
    return st;
}

bool step_injected(struct step *st)
{
    if (!st || !st->error) return false;
    errno = EIO;
    return true;
}

long step_end(struct steps *s, struct step *st, long result)
{
    (void)s;
    if (!st) return result;
    int saved = errno;
    st->duration_ns = now_ns() - st->start_ns;
    st->error = result < 0 ? saved : 0;
    if (result < 0) last_failed = st;
    errno = saved;
    return result;
}

void step_fail(struct steps *s, int error, int exit_code, const char *fmt, ...)
{
    if (s->failure.set) return;
    int saved = errno;
    s->failure.error = error;
    s->failure.exit_code = exit_code;
    snprintf(s->failure.step, sizeof s->failure.step, "%s", last_failed ? last_failed->name : "");
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->failure.message, sizeof s->failure.message, fmt, ap);
    va_end(ap);
    /* Last, with release: the other side must never see a failure that is half written. */
    __atomic_store_n(&s->failure.set, true, __ATOMIC_RELEASE);
    errno = saved;
}
