/*
 * The record of kernel steps. It lies in a MAP_SHARED anonymous mapping made before the fork, so that what
 * the child records is seen by the shim, also of a child that died.
 */
#ifndef TD_STEP_H
#define TD_STEP_H

#include <stdbool.h>
#include <stdint.h>

enum step_actor { ACTOR_SHIM, ACTOR_INIT, ACTOR_EXEC };

struct step {
    char name[32];
    char args[192]; /* for people; cut where longer */
    uint64_t start_ns, duration_ns;
    int error; /* errno, 0 for success */
    enum step_actor actor;
};

/* Why it failed: one sentence that names the object, without the errno's text. */
struct failure {
    bool set;
    int error;     /* errno */
    int exit_code; /* 126 not executable, 127 not found, 128 anything else (as Docker reports them) */
    char step[32];
    char message[512];
};

#define STEPS_MAX 512

struct steps {
    uint32_t count, dropped;
    int fail_at;       /* TINYDOCKER_FAIL_STEP, -1 for none */
    uint32_t progress; /* how far the shim is with what the child waits for (container-progress.h) */
    bool executing;    /* the child has come as far as execve(2) */
    int32_t child;     /* pid of the second stage of an exec, from the moment it exists */
    struct failure failure;
    struct step list[STEPS_MAX];
};

struct steps *steps_new(void); /* NULL with errno */
void steps_free(struct steps *s);

/* Who records in this process from now on; a child sets it after the fork. */
void steps_actor(enum step_actor actor);

/*
 * Brackets one operation:
 *     struct step *st = step_begin(s, "mount", "%s on %s", source, target);
 *     int rc = step_end(s, st, step_injected(st) ? -1 : mount(...));
 * or, shorter, STEP(s, name, call, fmt, ...) which evaluates to the result of the call (-1 with errno).
 */
struct step *step_begin(struct steps *s, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* True, with errno EIO, where this step is to fail; the call is then left out. */
bool step_injected(struct step *st);
long step_end(struct steps *s, struct step *st, long result);

#define STEP(s, name, call, ...)                                                                             \
    __extension__({                                                                                          \
        struct step *step_now = step_begin((s), (name), __VA_ARGS__);                                        \
        step_end((s), step_now, step_injected(step_now) ? -1 : (long)(call));                                \
    })

/* Sets the failure unless one is set already; the first is the cause. Keeps errno. */
void step_fail(struct steps *s, int error, int exit_code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
