/*
 * The kernel's packet filter for the daemon: batches to nf_tables, dumps, and news of changes that others make. What is in the
 * messages is put together and read by daemon/src/kernel/nft-*.ts.
 */
#ifndef TD_LIBTD_NATIVE_NETFILTER_H
#define TD_LIBTD_NATIVE_NETFILTER_H

#include <stdint.h>

#pragma GCC visibility push(default)

/* A socket of NETLINK_NETFILTER in the caller's network namespace, bound. */
int td_netfilter_open(void);

/*
 * Sends messages, all in one, and takes in what the kernel says to them: it has worked on them by the time that the sending
 * returns. Returns 0, or the -errno of the first that failed, whose sequence number is then in *FAILED.
 */
int td_netfilter_send(int fd, const void *messages, uint64_t size, uint32_t *failed);

/* Sends one request and takes in the answers, as they come, up to the last. Returns their length. */
int64_t td_netfilter_dump(int fd, const void *request, uint64_t size, void *out, uint64_t out_size);

/*
 * Has a thread listen for changes of tables by the names in TABLES (separated by commas) that come from another socket than FD.
 * Returns a descriptor on which each of them is a line: the process id and the name of who made the change; `0 overrun` where some
 * went unheard. The thread ends when the descriptor is closed and there is something to say.
 */
int td_netfilter_watch(int fd, const char *tables);

/*
 * A socket that is bound to a port, so that nobody else gets it; it neither listens nor reads. ADDRESS is 4 or 16 bytes.
 * REUSE: beside connections that have ended a moment ago as well (SO_REUSEADDR).
 */
int td_port_hold(const void *address, int address_size, int type, int protocol, int port, int reuse);

#pragma GCC visibility pop

#endif
