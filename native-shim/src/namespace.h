/* Namespaces: made, joined, and what belongs inside them. */
#ifndef TD_NAMESPACE_H
#define TD_NAMESPACE_H

#include <stdint.h>
#include <sys/types.h>

#include "spec.h"
#include "step.h"

/*
 * fork with clone3(2): FLAGS are CLONE_*, CGROUP a handle for CLONE_INTO_CGROUP or -1. *PIDFD gets a pidfd,
 * *NUMBER the pid before the child runs; either may be NULL. The child has a copy of memory (no CLONE_VM).
 */
pid_t namespace_clone(uint64_t flags, int cgroup, int *pidfd, int32_t *number);

/*
 * The flags for the new namespaces that clone3 makes at once: all but cgroup, which the child makes after it
 * has joined, and network, which takes longer than all else and is made by the shim meanwhile.
 */
uint64_t namespace_clone_flags(const struct container_spec *spec);

/*
 * Opens the paths of the namespaces to be joined into FDS, one for each of spec->namespaces, -1 where there
 * is none. 0, or -1 with s->failure.
 */
int namespace_open(struct steps *s, const struct container_spec *spec, int fds[NAMESPACES_MAX]);
void namespace_close(int fds[NAMESPACES_MAX]);

/* Joins those but the pid namespace, which only a fork enters, and the user namespace, which comes before all else. */
int namespace_join(struct steps *s, const struct container_spec *spec, const int fds[NAMESPACES_MAX]);

/* Host name and domain name. */
int namespace_set_names(struct steps *s, const struct container_spec *spec);

/*
 * A new network namespace with its loopback device up, made in the calling process, which is in it
 * afterwards. The child joins it with namespace_follow; then the caller goes back. *OWN is a handle of the
 * caller's own, *NETWORK one of the new; or -1 where the container is to have none.
 */
int namespace_make_network(struct steps *s, const struct container_spec *spec, int *own, int *network);
int namespace_follow(struct steps *s, const struct container_spec *spec, int shim_pidfd);
void namespace_go_back(int own, int flag);

/* A handle of the network namespace of PID, where the container has one of its own; else -1. */
int namespace_own_network(const struct container_spec *spec, pid_t pid);

/* Of the network namespace that the caller is in. 0, or -1 with errno. */
int namespace_loopback_up(void);

/* Makes such a namespace beforehand, for the next namespace_make_network of this process; drops it. */
void namespace_make_spare(void);
void namespace_drop_spare(void);

/* Writes the sysctls through PROC, a handle of a mount of procfs. */
int namespace_sysctls(struct steps *s, const struct container_spec *spec, int proc);

/* Writes one, such as net/ipv4/ip_forward. 0 or -1 with errno. */
int namespace_write_sysctl(int proc, const char *key, const char *value);

#endif
