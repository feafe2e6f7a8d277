/* What a process becomes before its exec; for the container's init and for those of exec alike. */
#ifndef TD_PROCESS_APPLY_H
#define TD_PROCESS_APPLY_H

#include "bundle.h"
#include "container.h"
#include "step.h"
#include "user.h"

/* Default dispositions and an empty mask, whatever the shim had. */
int process_reset_signals(struct steps *s);

/* Through PROC, the host's procfs. */
int process_set_oom_score(struct steps *s, const struct process *p, int proc);

/* The three descriptors become 0, 1 and 2. They may be any, in any order; -1 is the null device, later the
 * container's own. */
int process_take_stdio(struct steps *s, const struct child_stdio *io);

/* The slave becomes 0, 1 and 2. process_take_terminal makes it the controlling terminal of the session, which
 * the caller leads. */
int process_use_terminal(struct steps *s, int slave);
int process_take_terminal(struct steps *s);

/*
 * Owner of the streams, working directory below ROOT, limits, umask, groups, ids, capabilities, no_new_privs,
 * FILTER. The bounding set is to be dropped before, by capability_bound. Afterwards the process is what the user's
 * program is to be: what it may call is for the filter to say.
 */
int process_drop(struct steps *s, const struct process *p, const struct user *u,
                 const struct syscall_filter *filter, int root);

/*
 * To die with the shim; after process_drop, since a change of ids clears it. ALIVE is a pipe whose reader is
 * the shim. process_follow does it without a record.
 */
int process_follow_parent(struct steps *s, int alive);
int process_follow(int alive);

/* process-exec.c: finds the program and executes it. Returns only on failure, with s->failure. */
void process_exec(struct steps *s, const struct process *p, const char *home);

#endif
