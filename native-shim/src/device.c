#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "path.h"

static const struct {
    const char *name;
    unsigned major, minor;
} nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
             {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

static const struct {
    const char *name, *target;
} links[] = {{"fd", "/proc/self/fd"},
             {"stdin", "/proc/self/fd/0"},
             {"stdout", "/proc/self/fd/1"},
             {"stderr", "/proc/self/fd/2"},
             {"ptmx", "pts/ptmx"}};

int device_make_default(int dev)
{
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0 &&
            errno != EEXIST)
            return -1;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST) return -1;
    return 0;
}

static int make_node(int parent, const char *name, const struct device_spec *device)
{
    struct stat st;
    if (mknodat(parent, name, device->mode, device->device) < 0) {
        if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return -1;
        errno = EEXIST;
        return (st.st_mode & S_IFMT) == (device->mode & S_IFMT) && st.st_rdev == device->device ? 0 : -1;
    }
    return device->uid || device->gid ? fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW)
                                      : 0;
}

int device_make(int root, const struct device_spec *device)
{
    const char *name;
    int parent = path_make_parent(root, device->path, 0, &name);
    if (parent < 0) return -1;
    int rc = make_node(parent, name, device);
    int saved = errno;
    close(parent);
    errno = saved;
    return rc;
}

int device_null(int dev)
{
    int fd = openat(dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0) return -1;
    if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) return fd;
    close(fd);
    errno = ENODEV;
    return -1;
}

int device_open_terminal(int pts, uint16_t rows, uint16_t cols, int *master, int *slave)
{
    /* In the root of a devpts, "ptmx" is the kernel's own node; and the slave comes from the master, not by
     * its name. */
    if (path_check_filesystem(pts, DEVPTS_SUPER_MAGIC) < 0) return -1;
    *slave = -1;
    *master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (*master < 0) return -1;
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    int unlock = 0;
    if (ioctl(*master, TIOCSPTLCK, &unlock) == 0 &&
        ((!rows && !cols) || ioctl(*master, TIOCSWINSZ, &size) == 0))
        *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave >= 0 && path_check_filesystem(*slave, DEVPTS_SUPER_MAGIC) == 0) return 0;
    int saved = errno;
    close(*master);
    if (*slave >= 0) close(*slave);
    errno = saved;
    return -1;
}

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int device_send(int socket, int fd)
{
    char byte = 0;
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(socket, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int device_receive(int socket)
{
    char byte;
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;
    do n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0) return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    errno = EPIPE;
    if (n == 0 || !c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int))) return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}
