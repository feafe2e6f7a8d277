/*
 * td-shim ID BUNDLEDIR, descriptor 3: the first control connection (docs/shim-protocol.md).
 * td-shim zygote ROOM, descriptor 3: the socket of orders (zygote.h).
 *
 * Role: supervises one container, and outlives the daemon that started it. Single-threaded.
 * Pid: a session of its own; a child of the zygote, or of the host's init after the daemon's end, and reaped by that
 * one. Holds: the pid of the container's init and of every exec in
 * it. It is the parent of them all and reaps them.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor.h"
#include "zygote.h"

#define CONTROL_FD 3
#define POSSESSOR_ALL 0x3f000000 /* KEY_POS_ALL of linux/key.h, which is the kernel's own */

/*
 * The container's processes inherit it: the keys of whoever started the daemon, and of other containers, are none of theirs.
 * Only who has it may look into it: root of another container is the same user. Some kernels, and filters around the
 * daemon, know no keys at all.
 */
static int join_own_keyring(void)
{
    long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (key < 0) return errno == ENOSYS || errno == EPERM ? 0 : -1;
    return (int)syscall(SYS_keyctl, KEYCTL_SETPERM, key, POSSESSOR_ALL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: td-shim ID BUNDLEDIR, started by tinydockerd\n");
        return 2;
    }
    /* Nothing in a container may look into this process or its descriptors, whatever namespaces they come to
     * share. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(022);

    /* SIGCHLD is read from a signalfd; no other signal ends a container by way of its shim. The child undoes
     * both. */
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* the spawner may have left it ignored, which would lose every status */

    /* What is large is mapped and so given back when it is freed; one arena, since there is one thread. */
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    mallopt(M_ARENA_MAX, 1);

    static struct zygote_order order; /* not on the stack, which is given back */
    const char *bundle = argv[2];
    if (strcmp(argv[1], "zygote") == 0) {
        if (zygote_run(CONTROL_FD, argc, argv, &order) == 0) return 0;
        bundle = order.bundle;
    }
    prctl(PR_SET_NAME, "td-shim", 0, 0, 0);
    if (join_own_keyring() < 0) {
        dprintf(CONTROL_FD, "{\"event\":\"failed\",\"errno\":\"%s\"}\n", strerrorname_np(errno));
        return 1;
    }
    if (chdir(bundle) != 0) {
        perror(bundle);
        return 1;
    }
    return supervisor_run(bundle, CONTROL_FD);
}
