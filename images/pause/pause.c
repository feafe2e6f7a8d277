/*
 * The program of the image tinydocker/pause: does nothing, for a container whose namespaces others live in. It is their process 1, so it
 * reaps whatever they leave to it, and ends when it is asked to.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void end(int signal)
{
    _exit(signal == SIGTERM || signal == SIGINT ? 0 : 128 + signal);
}

int main(void)
{
    /* Nobody becomes a zombie whose parent does not want to hear of its end (sigaction(2), SA_NOCLDWAIT). */
    struct sigaction reap = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
    struct sigaction ending = {.sa_handler = end};
    if (sigaction(SIGCHLD, &reap, NULL) < 0 || sigaction(SIGTERM, &ending, NULL) < 0 ||
        sigaction(SIGINT, &ending, NULL) < 0)
        return EXIT_FAILURE;
    for (;;) pause();
}
