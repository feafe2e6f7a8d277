/* Namespaces: made, joined, and what belongs inside them. */
#ifndef TD_NAMESPACE_H
#define TD_NAMESPACE_H

#include <stdint.h>
#include <sys/types.h>

#include "spec.h"
#include "step.h"

/*
 * fork with clone3(2): FLAGS are CLONE_*, CGROUP a handle for CLONE_INTO_CGROUP or -1. *PIDFD gets a pidfd, *NUMBER the pid before the
 * child runs; either may be NULL. The child has a copy of memory (no CLONE_VM).
 */
pid_t namespace_clone(uint64_t flags, int cgroup, int *pidfd, int32_t *number);

/* The flags for the new namespaces that clone3 makes at once: all but cgroup, which the child makes after it has joined. */
uint64_t namespace_clone_flags(const struct container_spec *spec);

/*
 * Opens the paths of the namespaces to be joined into FDS, one for each of spec->namespaces, -1 where there is none. 0, or -1 with
 * s->failure.
 */
int namespace_open(struct steps *s, const struct container_spec *spec, int fds[NAMESPACES_MAX]);
void namespace_close(int fds[NAMESPACES_MAX]);

/* Joins those but the pid namespace, which only a fork enters. */
int namespace_join(struct steps *s, const struct container_spec *spec, const int fds[NAMESPACES_MAX]);

/* Host name, domain name, and the loopback device of a new network namespace. */
int namespace_set_up(struct steps *s, const struct container_spec *spec);

/* Writes the sysctls through PROC, a handle of a mount of procfs. */
int namespace_sysctls(struct steps *s, const struct container_spec *spec, int proc);

#endif
