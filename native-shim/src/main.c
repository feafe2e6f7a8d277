/*
 * td-shim ID BUNDLEDIR, descriptor 3: the first control connection (docs/shim-protocol.md).
 *
 * Role: supervises one container, and outlives the daemon that started it. Single-threaded.
 * Pid: a session of its own (the spawner has called setsid); a child of the daemon, or of the host's init
 * after the daemon's end, and reaped by that one. Holds: the pid of the container's init and of every exec in
 * it. It is the parent of them all and reaps them.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor.h"

#define CONTROL_FD 3

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: td-shim ID BUNDLEDIR, started by tinydockerd\n");
        return 2;
    }
    prctl(PR_SET_NAME, "td-shim", 0, 0, 0);
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

    if (chdir(argv[2]) != 0) {
        perror(argv[2]);
        return 1;
    }
    return supervisor_run(argv[2], CONTROL_FD);
}
