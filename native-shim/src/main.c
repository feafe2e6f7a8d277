/*
 * td-shim ID BUNDLEDIR, descriptor 3: the first control connection (docs/shim-protocol.md).
 * td-shim zygote ROOM, descriptor 3: the socket of orders (zygote.h).
 *
 * Role: supervises one container, and outlives the daemon that started it. Single-threaded.
 * Pid: a session of its own; a child of the zygote, or of the host's init after the daemon's end, and reaped by that
 * one. Holds: the pid of the container's init and of every exec in
 * it. It is the parent of them all and reaps them.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor.h"
#include "zygote.h"

#define CONTROL_FD 3

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
    if (chdir(bundle) != 0) {
        perror(bundle);
        return 1;
    }
    return supervisor_run(bundle, CONTROL_FD);
}
