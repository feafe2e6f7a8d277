#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtd-native.h"

#define MAX_FDS 16

int td_spawn(const char *path, char *const argv[], char *const envp[], const int *fds, int nfds,
             const char *cwd)
{
    if (nfds < 3 || nfds > MAX_FDS) return -EINVAL;
    /* Every source is first lifted above the targets: dup2 from one target to another would overwrite it. */
    int lifted[MAX_FDS], count = 0, result = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (; count < nfds; count++) {
        lifted[count] = fds[count] < 0 ? -1 : fcntl(fds[count], F_DUPFD_CLOEXEC, MAX_FDS);
        if (fds[count] >= 0 && lifted[count] < 0) {
            result = -errno;
            goto out;
        }
        if (lifted[count] < 0)
            posix_spawn_file_actions_addopen(&actions, count, "/dev/null", O_RDWR, 0);
        else
            posix_spawn_file_actions_adddup2(&actions, lifted[count], count);
    }
    if (cwd) posix_spawn_file_actions_addchdir_np(&actions, cwd);
    posix_spawn_file_actions_addclosefrom_np(&actions, nfds);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes,
                                  &all); /* Node ignores SIGPIPE, which an exec would hand down */
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t pid;
    int error = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
    result = error ? -error : pid;
out:
    while (count-- > 0)
        if (lifted[count] >= 0) close(lifted[count]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int td_waitpid(int pid, int *status)
{
    pid_t got = waitpid(pid, status, WNOHANG);
    return got < 0 ? -errno : got;
}

int td_socketpair(int packets, int pair[2])
{
    int type = packets ? SOCK_SEQPACKET : SOCK_STREAM;
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
}

int td_pipe(int pair[2])
{
    return pipe2(pair, O_CLOEXEC) ? -errno : 0;
}

/* Waits until FD takes data again, at most a second: a peer that does not read must not stop the daemon. */
static int wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int ready = poll(&p, 1, 1000);
    return ready > 0 ? 0 : ready < 0 ? -errno : -EAGAIN;
}

int td_send(int fd, const void *data, uint64_t size, const int *fds, int nfds)
{
    if (nfds < 0 || nfds > MAX_FDS) return -EINVAL;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr align;
    } control;
    const char *at = data;
    while (size > 0) {
        struct iovec iov = {.iov_base = (void *)at, .iov_len = size};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        if (nfds > 0) {
            memset(&control, 0, sizeof control);
            message.msg_control = control.bytes;
            message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
            struct cmsghdr *c = CMSG_FIRSTHDR(&message);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
            memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)nfds);
        }
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            int waited = errno == EAGAIN ? wait_writable(fd) : errno == EINTR ? 0 : -errno;
            if (waited < 0) return waited;
            continue;
        }
        nfds = 0;
        at += sent;
        size -= (uint64_t)sent;
    }
    return 0;
}

int td_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int td_dup(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

int td_close(int fd)
{
    return close(fd) ? -errno : 0;
}

int td_shutdown(int fd, int how)
{
    return shutdown(fd, how) ? -errno : 0;
}

int td_hung_up(int fd)
{
    struct pollfd p = {
        .fd = fd}; /* POLLHUP and POLLERR are always told; a half that was shut down is not one */
    return poll(&p, 1, 0) < 0 ? -errno : (p.revents & (POLLHUP | POLLERR)) != 0;
}

int td_peer(int fd, int *pid, int *uid, int *gid)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) return -errno;
    *pid = peer.pid;
    *uid = (int)peer.uid;
    *gid = (int)peer.gid;
    return 0;
}

int td_pidfd_open(int pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int td_pidfd_send_signal(int pidfd, int signal)
{
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) ? -errno : 0;
}

int td_sealed_memfd(const char *path)
{
    int in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) return -errno;
    int out = memfd_create("td-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int result = out < 0 ? -errno : out;
    struct stat st;
    if (out >= 0 && fstat(in, &st)) result = -errno;
    for (off_t left = result < 0 ? 0 : st.st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        if (n <= 0) {
            result = n < 0 ? -errno : -EIO;
            break;
        }
        left -= n;
    }
    if (result >= 0 && (fchmod(out, 0555) ||
                        fcntl(out, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)))
        result = -errno;
    if (result < 0 && out >= 0) close(out);
    close(in);
    return result;
}

int td_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int td_write_file(const char *path, const void *data, uint64_t size, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return -errno;
    const char *at = data;
    int result = 0;
    while (size > 0 && result == 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0) {
            result = errno == EINTR ? 0 : -errno;
            continue;
        }
        at += n;
        size -= (uint64_t)n;
    }
    if (close(fd) && result == 0) result = -errno;
    return result;
}

int td_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data)
{
    return mount(source, target, type, flags, data) ? -errno : 0;
}

int td_umount(const char *target, int flags)
{
    return umount2(target, flags) ? -errno : 0;
}

int td_notify(const char *path, const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    int result = sent < 0 ? -errno : 0;
    close(fd);
    return result;
}
