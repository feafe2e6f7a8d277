/*
 * The shim's life: from the bundle over the running container to its recorded end.
 *
 * Handlers of the loop change state and send lines; whatever closes or frees is done by settle() between two
 * rounds, so that no handler finds its object gone.
 */
#ifndef TD_SUPERVISOR_H
#define TD_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "bundle.h"
#include "container.h"
#include "control.h"
#include "log.h"
#include "loop.h"
#include "message.h"
#include "oom.h"
#include "target.h"

enum supervisor_state { STATE_CREATED, STATE_RUNNING, STATE_STOPPED };

struct supervisor {
    struct loop loop;
    struct source signals, timer;
    struct control control;
    struct connection *first; /* descriptor 3; the shim does without it once the container runs */
    char *scratch; /* SCRATCH_SIZE, shared by all that read; mapped, its pages given back when idle */
    const char *bundle_dir;
    struct bundle *bundle; /* NULL: could not be read, for the reason in bundle_error */
    bool bundle_taken;     /* or could not be */
    char bundle_error[512];
    struct log log;
    enum supervisor_state state;
    struct container container;
    struct oom oom; /* watched from when the start has been answered */
    bool oom_watched;
    const struct connection *resolver_holder; /* who has the sockets of the name server, NULL */
    bool resolver_told;                       /* that a question waits */
    struct steps *steps;                      /* of the start, not told yet; NULL */
    struct target main, *execs;
    uint64_t born_ns;
    uint64_t clean_up_ns; /* when the shim of an ended container clears up; 0: it runs */
    uint64_t timer_ns;    /* what the timer is set to, 0 for not at all */
    bool unsettled;       /* something waits for settle() */
    bool idle;            /* the memory of the last rounds has been given back */
    bool slimmed;         /* and that of the start */
    bool unwanted;        /* shutdown was asked for: nobody is waited for */
    bool done;
};

/* Runs the shim in the bundle directory, which is the working directory. Returns its exit status. */
int supervisor_run(const char *bundle_dir, int control_fd);

/* request.c: answers one line of a control connection. */
void supervisor_request(struct supervisor *s, struct connection *c, const char *line, size_t len);

/* supervisor-oom.c: watches from now on; tells at once of what has happened. */
void supervisor_watch_oom(struct supervisor *s);
void supervisor_tell_oom(struct supervisor *s);

/*
 * supervisor-resolver.c: waits for the first question, unless somebody answers them already; a connection has ended; hands the
 * sockets over.
 */
void supervisor_watch_resolver(struct supervisor *s);
void supervisor_leave_resolver(struct supervisor *s, const struct connection *c);
void supervisor_give_resolver(struct supervisor *s, const struct request *r, struct connection *c,
                              struct buffer *out);

/* A target's streams, wired to this supervisor. */
void supervisor_adopt(struct supervisor *s, struct target *t);
struct target *supervisor_find(struct supervisor *s, const char *id); /* NULL: none of this id */

/* Takes an exec out of the list and frees it. */
void supervisor_drop(struct supervisor *s, struct target *t);

/* connect, disconnect and route of docs/shim-protocol.md. */
void supervisor_network(struct supervisor *s, const struct request *r, struct buffer *out);

#endif
