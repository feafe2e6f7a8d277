/*
 * probe: what the kernel answers to every system call, to be run in containers of any engine; for tests alone.
 *
 * One line each: "CALL ANSWER", the answer being ok, an errno's name, or the signal that ended the caller. Arguments are
 * such that a call which is allowed does nothing: -1 is no descriptor, no address and no set of flags.
 */
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 480
#define WAIT_MS 1000

#define LENGTH(list) (sizeof(list) / sizeof(list)[0])

struct call {
    int bits; /* 64, or 32: the other calling convention of the same machine */
    long number, args[4];
};

#ifdef __x86_64__
static long call32(const struct call *c)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(c->number), "b"(c->args[0]), "c"(c->args[1]), "d"(c->args[2]), "S"(c->args[3])
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#endif

static long run(const struct call *c)
{
#ifdef __x86_64__
    if (c->bits == 32) return call32(c);
#endif
    long result = syscall(c->number, c->args[0], c->args[1], c->args[2], c->args[3], -1L, -1L);
    return result < 0 ? -errno : result;
}

/* In a process of its own, which a call may end, stop or double; one that waits for something is ended. */
static void answer(const struct call *c, char *text, size_t size)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        pid_t self = getpid();
        long result = run(c);
        if (getpid() != self) _exit(0); /* it was a fork */
        _exit(result < 0 && result > -255 ? (int)-result : 0);
    }
    struct pollfd ended = {.fd = child < 0 ? -1 : pidfd_open(child, 0), .events = POLLIN};
    if (ended.fd >= 0 && poll(&ended, 1, WAIT_MS) == 0) kill(child, SIGKILL);
    close(ended.fd);
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        snprintf(text, size, "not tried");
        return;
    }
    if (WIFSIGNALED(status))
        snprintf(text, size, "signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 0)
        snprintf(text, size, "ok");
    else
        snprintf(text, size, "%s",
                 strerrorname_np(WEXITSTATUS(status)) ? strerrorname_np(WEXITSTATUS(status)) : "?");
}

static void show(const char *name, const struct call *c)
{
    char text[32];
    answer(c, text, sizeof text);
    printf("%s %s\n", name, text);
    fflush(stdout);
}

static void every_call(int bits, const int *skipped, size_t nskipped)
{
    for (int number = 0; number < CALLS; number++) {
        size_t i = 0;
        while (i < nskipped && skipped[i] != number) i++;
        if (i < nskipped) continue;
        char name[32];
        snprintf(name, sizeof name, "%d:%d", bits, number);
        struct call c = {bits, number, {-1, -1, -1, -1}};
        show(name, &c);
    }
}

static void sockets(void)
{
    char name[48];
    for (int family = 0; family <= AF_MAX; family++) {
        struct call plain = {64, SYS_socket, {family, SOCK_DGRAM, 0, 0}};
        snprintf(name, sizeof name, "socket:%d", family);
        show(name, &plain);
        /* The kernel looks at the low half alone. */
        struct call high = {64, SYS_socket, {(1L << 32) + family, SOCK_DGRAM, 0, 0}};
        snprintf(name, sizeof name, "socket:high+%d", family);
        show(name, &high);
    }
#ifdef __x86_64__
    int *pointed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    for (int family = 0; family <= AF_MAX && pointed != MAP_FAILED; family++) {
        struct call direct = {32, 359, {family, SOCK_DGRAM, 0, 0}};
        snprintf(name, sizeof name, "socket32:%d", family);
        show(name, &direct);
        memcpy(pointed, (int[]){family, SOCK_DGRAM, 0}, 3 * sizeof *pointed);
        struct call multiplexed = {32, 102, {1, (long)(uintptr_t)pointed, 0, 0}};
        snprintf(name, sizeof name, "socketcall:%d", family);
        show(name, &multiplexed);
    }
#endif
}

static void flags(void)
{
    static const struct {
        const char *name;
        long flag;
    } namespaces[] = {{"mnt", CLONE_NEWNS},        {"uts", CLONE_NEWUTS},  {"ipc", CLONE_NEWIPC},
                      {"user", CLONE_NEWUSER},     {"pid", CLONE_NEWPID},  {"net", CLONE_NEWNET},
                      {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME}};
    char name[48];
    for (size_t i = 0; i < LENGTH(namespaces); i++) {
        struct call unshared = {64, SYS_unshare, {namespaces[i].flag, 0, 0, 0}};
        snprintf(name, sizeof name, "unshare:%s", namespaces[i].name);
        show(name, &unshared);
        struct call cloned = {64, SYS_clone, {namespaces[i].flag | SIGCHLD, 0, 0, 0}};
        snprintf(name, sizeof name, "clone:%s", namespaces[i].name);
        /* Without its bit of namespace this would be clone(2) with a signal that there is not. */
        if (namespaces[i].flag != CLONE_NEWTIME) show(name, &cloned);
    }
    struct call forked = {64, SYS_clone, {SIGCHLD, 0, 0, 0}};
    show("clone:none", &forked);
    static struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    struct call clone3 = {64, SYS_clone3, {(long)(uintptr_t)&args, sizeof args, 0, 0}};
    show("clone3:user", &clone3);
    static const long personas[] = {0x0, 0x8, 0x20000, 0x20008, 0x40000 /* ADDR_NO_RANDOMIZE */, 0xffffffff};
    for (size_t i = 0; i < LENGTH(personas); i++) {
        struct call persona = {64, SYS_personality, {personas[i], 0, 0, 0}};
        snprintf(name, sizeof name, "personality:%#lx", personas[i]);
        show(name, &persona);
    }
#ifdef __x86_64__
    struct call x32 = {64, 0x40000000 | SYS_getpid, {0, 0, 0, 0}};
    show("x32:getpid", &x32);
#endif
}

int main(void)
{
    if (getpid() != 1) {
        fprintf(stderr,
                "probe: not the first process of a container: some of these calls are not for the host\n");
        return 2;
    }
    /* Those that take what they are given, or take long: sync(2) waits for all the disks. */
    static const int skipped[] = {
        SYS_exit,  SYS_exit_group, SYS_sync, SYS_rt_sigreturn,
#ifdef SYS_vfork
        SYS_vfork,
#endif
    };
    every_call(64, skipped, LENGTH(skipped));
#ifdef __x86_64__
    static const int skipped32[] = {1 /* exit */, 252 /* exit_group */, 36 /* sync */, 190 /* vfork */, 119,
                                    173};
    every_call(32, skipped32, LENGTH(skipped32));
#endif
    sockets();
    flags();
    return 0;
}
