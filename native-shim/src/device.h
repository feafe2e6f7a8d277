/* Device nodes, and the pseudo terminal. */
#ifndef TD_DEVICE_H
#define TD_DEVICE_H

#include <stdint.h>
#include <sys/types.h>

#include "spec.h"
#include "step.h"

/*
 * The nodes and links that every container has, made in the directory DEV (a tmpfs that nobody else has
 * seen), with the directories that are mounted on later. 0 or -1 with errno.
 */
int device_make_default(int dev);

/* A device of the configuration, below ROOT. An equal one that is there already is left alone. */
int device_make(int root, const struct device_spec *device);

/* A handle of the null device in DEV, which must be the real one (CVE-2025-31133). */
int device_null(int dev);

/*
 * A new terminal of the devpts whose root is the handle PTS: master and slave. Refuses a PTS that is another
 * filesystem (CVE-2025-52565). 0 or -1 with errno.
 */
int device_open_terminal(int pts, uint16_t rows, uint16_t cols, int *master, int *slave);

/* Sends and receives one descriptor over a socket pair. device_receive: -1 with errno, EPIPE where the other
 * side has gone. */
int device_send(int socket, int fd);
int device_receive(int socket);

#endif
