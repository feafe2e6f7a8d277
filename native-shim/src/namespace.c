#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "path.h"

uint64_t namespace_clone_flags(const struct container_spec *spec)
{
    int flags = 0;
    for (size_t i = 0; i < spec->nnamespaces; i++)
        if (!spec->namespaces[i].path) flags |= spec->namespaces[i].flag;
    return (uint64_t)(flags & ~(CLONE_NEWCGROUP | CLONE_NEWNET));
}

static int open_namespace(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -1;
    if (path_check_filesystem(fd, NSFS_MAGIC) == 0) return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int namespace_open(struct steps *s, const struct container_spec *spec, int fds[NAMESPACES_MAX])
{
    for (size_t i = 0; i < NAMESPACES_MAX; i++) fds[i] = -1;
    for (size_t i = 0; i < spec->nnamespaces; i++) {
        const char *path = spec->namespaces[i].path;
        if (!path) continue;
        fds[i] = (int)STEP(s, "namespace-open", open_namespace(path), "%s", path);
        if (fds[i] >= 0) continue;
        step_fail(s, errno, 128, "open namespace \"%s\"", path);
        namespace_close(fds);
        return -1;
    }
    return 0;
}

void namespace_close(int fds[NAMESPACES_MAX])
{
    for (size_t i = 0; i < NAMESPACES_MAX; i++) {
        if (fds[i] >= 0) close(fds[i]);
        fds[i] = -1;
    }
}

int namespace_join(struct steps *s, const struct container_spec *spec, const int fds[NAMESPACES_MAX])
{
    for (size_t i = 0; i < spec->nnamespaces; i++) {
        const struct namespace_spec *ns = &spec->namespaces[i];
        if (fds[i] < 0 || ns->flag == CLONE_NEWPID || ns->flag == CLONE_NEWUSER) continue;
        if (STEP(s, "setns", setns(fds[i], ns->flag), "%s", ns->path) == 0) continue;
        step_fail(s, errno, 128, "join namespace \"%s\"", ns->path);
        return -1;
    }
    return 0;
}

int namespace_loopback_up(void)
{
    /* Any socket takes the request; one of this family is the cheapest, and there without IPv4. */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int rc = ioctl(fd, SIOCSIFFLAGS, &request);
    int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

static bool has_new_network(const struct container_spec *spec)
{
    const struct namespace_spec *net = spec_namespace(spec, CLONE_NEWNET);
    return net && !net->path;
}

int namespace_own_network(const struct container_spec *spec, pid_t pid)
{
    char path[32];
    if (!has_new_network(spec)) return -1;
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A network namespace that was made beforehand, -1 for none. */
static int spare_network = -1;

void namespace_make_spare(void)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || unshare(CLONE_NEWNET) < 0) {
        if (own >= 0) close(own);
        return;
    }
    if (namespace_loopback_up() == 0) spare_network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    namespace_go_back(own, CLONE_NEWNET);
}

void namespace_drop_spare(void)
{
    if (spare_network >= 0) close(spare_network);
    spare_network = -1;
}

int namespace_make_network(struct steps *s, const struct container_spec *spec, int *own, int *network)
{
    *own = *network = -1;
    if (!has_new_network(spec)) {
        namespace_drop_spare();
        return 0;
    }
    int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (back >= 0 && spare_network >= 0 &&
        STEP(s, "setns", setns(spare_network, CLONE_NEWNET), "network, made beforehand") == 0) {
        *network = spare_network;
        spare_network = -1;
        *own = back;
        return 0;
    }
    if (back < 0 || STEP(s, "unshare", unshare(CLONE_NEWNET), "network") < 0) {
        step_fail(s, errno, 128, "make a network namespace");
        if (back >= 0) close(back);
        return -1;
    }
    *own = back;
    *network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (STEP(s, "loopback", namespace_loopback_up(), "lo") == 0) return 0;
    step_fail(s, errno, 128, "bring up the loopback device");
    return -1;
}

int namespace_follow(struct steps *s, const struct container_spec *spec, int shim_pidfd)
{
    if (!has_new_network(spec)) return 0;
    if (STEP(s, "setns", setns(shim_pidfd, CLONE_NEWNET), "network") == 0) return 0;
    step_fail(s, errno, 128, "join the network namespace");
    return -1;
}

void namespace_go_back(int own, int flag)
{
    if (own < 0) return;
    /* Cannot fail: it has been this process's own. If it did, later children would be put where they do not
     * belong. */
    if (setns(own, flag) < 0) abort();
    close(own);
}

int namespace_set_names(struct steps *s, const struct container_spec *spec)
{
    const char *name = spec->hostname, *domain = spec->domainname;
    if (name && STEP(s, "sethostname", sethostname(name, strlen(name)), "%s", name) < 0) {
        step_fail(s, errno, 128, "set host name \"%s\"", name);
        return -1;
    }
    if (domain && STEP(s, "setdomainname", setdomainname(domain, strlen(domain)), "%s", domain) < 0) {
        step_fail(s, errno, 128, "set domain name \"%s\"", domain);
        return -1;
    }
    return 0;
}

int namespace_write_sysctl(int proc, const char *key, const char *value)
{
    /* The file of it takes the host's root alone, the call whoever is root in the namespace. */
    if (strcmp(key, "kernel/domainname") == 0) return setdomainname(value, strlen(value));
    if (path_check_filesystem(proc, PROC_SUPER_MAGIC) < 0) return -1;
    char path[512];
    int n = snprintf(path, sizeof path, "sys/%s", key);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    /* NO_XDEV: whatever may be mounted in there is not the file that was meant (CVE-2025-52881). */
    int fd = path_open(proc, path, O_WRONLY, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    if (fd < 0) return -1;
    ssize_t written = write(fd, value, strlen(value));
    int saved = errno;
    close(fd);
    errno = saved;
    return written < 0 ? -1 : 0;
}

int namespace_sysctls(struct steps *s, const struct container_spec *spec, int proc)
{
    for (size_t i = 0; i < spec->nsysctls; i++) {
        const struct pair *pair = &spec->sysctls[i];
        if (STEP(s, "sysctl", namespace_write_sysctl(proc, pair->key, pair->value), "%s = %s", pair->key,
                 pair->value) == 0)
            continue;
        step_fail(s, errno, 128, "set sysctl \"%s\" to \"%s\"", pair->key, pair->value);
        return -1;
    }
    return 0;
}
