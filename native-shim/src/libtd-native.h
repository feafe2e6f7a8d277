/*
 * libtd-native: the system calls that tinydockerd needs and Node does not have, for koffi. Thin: no
 * policy, no state, no allocation that outlives a call. Every function returns a value >= 0 or -errno.
 * daemon/src/kernel/native.ts declares the same list.
 */
#ifndef TD_LIBTD_NATIVE_H
#define TD_LIBTD_NATIVE_H

#include <stdint.h>

#pragma GCC visibility push(default)

/*
 * Starts a program in a session of its own. posix_spawn(3) shares the address space until the exec, where
 * libuv's fork copies the page tables of the whole daemon and stops it for milliseconds. fds[i] becomes
 * descriptor i; -1 means /dev/null; everything above is closed. Returns the pid.
 */
int td_spawn(const char *path, char *const argv[], char *const envp[], const int *fds, int nfds,
             const char *cwd);

/* Reaps one child if it has ended: *status as of waitpid(2). Returns its pid, or 0 while it runs. */
int td_waitpid(int pid, int *status);

/* Connected Unix sockets: a stream, or sequenced packets. */
int td_socketpair(int packets, int pair[2]);

int td_pipe(int pair[2]);

/* Writes all of DATA and sends the descriptors along with its first byte (SCM_RIGHTS). */
int td_send(int fd, const void *data, uint64_t size, const int *fds, int nfds);

/* Connects to a Unix socket; the path must fit sun_path (see kernel/socket.ts for longer ones). */
int td_connect(const char *path);

int td_dup(int fd);

int td_close(int fd);

/* SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2. */
int td_shutdown(int fd, int how);

/* 1 where the other end of a socket is closed for good, 0 where it can still be written to. Reads nothing. */
int td_hung_up(int fd);

/* pid, uid and gid of the process that connected. */
int td_peer(int fd, int *pid, int *uid, int *gid);

/*
 * Sends a signal to PID through a pidfd. The caller compares the start time between open and send, so that a
 * recycled pid is never hit.
 */
int td_pidfd_open(int pid);

int td_pidfd_send_signal(int pidfd, int signal);

/*
 * A copy of PATH in memory that nobody can change any more. Programs that containers can reach through
 * /proc/self/exe are started from such a copy (CVE-2019-5736); all that are started from it share its pages.
 */
int td_sealed_memfd(const char *path);

/* Takes the exclusive lock of PATH, which lasts as long as the descriptor. -EWOULDBLOCK: another process has
 * it. */
int td_lock(const char *path);

/* Makes a file, or empties it, and writes DATA: one call where Node makes three. */
int td_write_file(const char *path, const void *data, uint64_t size, int mode);

/* mount(2) and umount2(2). */
int td_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data);

int td_umount(const char *target, int flags);

/* Sends STATE to the service manager (sd_notify(3)); PATH is $NOTIFY_SOCKET, '@' first for an abstract one.
 */
int td_notify(const char *path, const char *state);

/*
 * Logs. Both of these read a file from the disk and are called on a thread of their own.
 *
 * td_log_read decodes from cursor.offset on into OUT what GET /containers/{id}/logs sends, as much as there is and
 * as fits. SINCE and UNTIL are ns since 1970. Returns how many bytes; IN is room to work in.
 */
enum {
    TD_LOG_STDOUT = 1,
    TD_LOG_STDERR = 2,
    TD_LOG_TIMESTAMPS = 4,
    TD_LOG_MULTIPLEXED = 8,
    TD_LOG_DETAILS = 16,
    TD_LOG_LOCAL = 32 /* the format of the local driver, not JSON */
};

enum { TD_LOG_MORE, TD_LOG_END, TD_LOG_DONE /* a record after UNTIL was met */ };

struct td_log_cursor {
    uint64_t offset; /* of the next record */
    uint64_t end;    /* not read beyond */
    uint64_t status; /* of the last call */
};

int64_t td_log_read(int fd, int flags, int64_t since, int64_t until, struct td_log_cursor *cursor,
                    uint8_t *in, uint64_t in_size, uint8_t *out, uint64_t out_size);

/* Where the last COUNT records begin, and how many there are, at most COUNT. */
int td_log_tail(int fd, int flags, uint64_t count, uint64_t *position, uint64_t *found);

/*
 * Networks, in the namespace of the caller. A link (KIND bridge or dummy) is made up, with ALIAS (whose it is); MTU 0 for the
 * kernel's choice. -EEXIST where the name is taken, -EOPNOTSUPP where the kernel has no such links.
 */
int td_link_make(const char *kind, const char *name, const char *alias, unsigned mtu);

/* The same of what has the tag ID (802.1Q) on another link. */
int td_vlan_make(const char *name, const char *alias, const char *parent, unsigned id);

int td_link_up(const char *name);

/* Makes a link a port of a bridge. */
int td_link_set_master(const char *name, const char *bridge);

int td_link_remove(const char *name);

/* "192.0.2.1/24" on a link, or no longer. */
int td_address_set(const char *name, const char *address, int present);

/*
 * What there is, a line each, words divided by tabs; -ENOBUFS where it does not fit:
 *     link INDEX NAME KIND MASTER UP MAC MTU ALIAS
 *     address INDEX ADDRESS/PREFIX
 *     route INDEX DESTINATION/PREFIX      of the main table, without default routes
 */
int64_t td_network_dump(char *out, uint64_t size);

/* The descriptors that come with one message, at most COUNT; how many those were. Does not wait: -EAGAIN. */
int td_receive_fds(int fd, int *fds, int count);

/*
 * A socket of datagrams or, with STREAM, of a connection, on its way to ADDRESS (of either family, without zone): in the network
 * namespace that the socket BESIDE is in, or -1 for the caller's. The source port is the kernel's choice, at random.
 */
int td_connect_beside(int beside, int stream, const char *address, int port);

/*
 * A datagram from 127.0.0.11 port 53 to an IPv4 address, through a raw socket (IPPROTO_RAW) of the namespace that has them. Does not
 * wait: what the receiver has no room for is lost.
 */
int td_resolver_reply(int raw, const char *address, int port, const void *data, uint64_t size);

#pragma GCC visibility pop

#endif
