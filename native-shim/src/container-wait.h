/* What container_create and container_exec share: the channels to the child, and the wait for its exec. */
#ifndef TD_CONTAINER_WAIT_H
#define TD_CONTAINER_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "step.h"

/* Nobody inside may look into the shim or into its children before their exec (CVE-2016-9962). */
int container_guard(struct steps *s);

/* The pipe that ends with the exec, and, for a terminal, a pair of sockets for its master (else -1). 0, or -1
 * with s->failure. */
int container_channels(struct steps *s, bool terminal, int alive[2], int sockets[2]);

/* The master, or -1 when the child ended before it sent one. */
int container_wait_terminal(int socket);

/*
 * Until the child has executed its program or is dead. PIDFD is the child that reports (-1: unknown). 0, or
 * -1 with s->failure, which is set here where the child died without a word.
 */
int container_wait_exec(struct steps *s, int alive, int pidfd);

/* Kills and reaps a child of ours. */
void container_reap(pid_t pid, int pidfd);

/* Reaps a child of ours that ends by itself. */
void container_wait(pid_t pid);

/* Field 22 of /proc/PID/stat; 0 where it cannot be read. */
uint64_t container_start_time(pid_t pid);

#endif
