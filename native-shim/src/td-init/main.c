/*
 * docker-init -- COMMAND ARGS...: the first process of a container that was asked for with --init.
 *
 * Role: starts the command, forwards signals to it and reaps what it leaves behind, which a program that does
 * not expect to be pid 1 does not do. Pid: 1 in the container's pid namespace; reaped by td-shim, with the
 * command's status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a process's own doing, not something to be passed on to another. */
static const int own[] = {SIGFPE,  SIGILL, SIGSEGV, SIGBUS,  SIGABRT,
                          SIGTRAP, SIGSYS, SIGCHLD, SIGTTIN, SIGTTOU};

static void fail(const char *what, int status)
{
    fprintf(stderr, "docker-init: %s: %s\n", what, strerror(errno));
    _exit(status);
}

/* Its own process group in the foreground of the terminal, so that ^C reaches the command and what it starts.
 */
static void take_terminal(void)
{
    if (setpgid(0, 0) != 0) return;
    /* From the background this raises SIGTTOU, which is ignored at this point. */
    tcsetpgrp(STDIN_FILENO, getpgrp());
}

static void run(char **argv, const sigset_t *mask)
{
    take_terminal();
    signal(SIGTTIN, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(argv[0], argv);
    fail(argv[0], errno == ENOENT ? 127 : 126);
}

/* Reaps all that has ended. Exits when the command is among it: the kernel then kills the rest of the
 * namespace. */
static void reap(pid_t command)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != command) continue;
        _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
}

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (first >= argc) {
        fprintf(stderr, "usage: docker-init -- COMMAND ARGS...\n");
        return 2;
    }

    /* All are taken with sigwaitinfo, so that none is lost between two looks. */
    sigset_t waited, before;
    sigfillset(&waited);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] != SIGCHLD) sigdelset(&waited, own[i]);
    sigprocmask(SIG_SETMASK, &waited, &before);
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);

    pid_t command = fork();
    if (command < 0) fail("fork", 1); /* as tini does */
    if (command == 0) run(argv + first, &before);

    for (;;) {
        int number = sigwaitinfo(&waited, NULL);
        if (number == SIGCHLD)
            reap(command);
        else if (number > 0)
            kill(command, number);
    }
}
