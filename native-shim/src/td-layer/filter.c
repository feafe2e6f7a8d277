#include "td-layer/filter.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "td-layer does not know this architecture's number for seccomp"
#endif

/* Memory, time, and what reads files. No execve, no clone, no mount, no socket, no ioctl. */
static const int READING[] = {
    /* data */
    SYS_read, SYS_write, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_ftruncate, SYS_ppoll,
    /* files */
    SYS_openat, SYS_openat2, SYS_close, SYS_getdents64, SYS_readlinkat,
    /* what is known about them */
    SYS_newfstatat, SYS_fstat, SYS_statx, SYS_fstatfs, SYS_fgetxattr, SYS_flistxattr, SYS_fcntl,
    /* memory */
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_getrandom,
    /* time, signals, the end */
    SYS_clock_gettime, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall,
    SYS_getpid, SYS_gettid, SYS_tgkill, SYS_exit, SYS_exit_group};

/* What makes, changes and removes files. */
static const int WRITING[] = {SYS_mkdirat,   SYS_mknodat,   SYS_symlinkat, SYS_linkat,   SYS_unlinkat,
                              SYS_renameat2, SYS_fchdir,    SYS_fchown,    SYS_fchownat, SYS_fchmod,
                              SYS_fchmodat,  SYS_utimensat, SYS_fsetxattr, SYS_lsetxattr};

#define LENGTH(list) (sizeof(list) / sizeof(list)[0])
enum { HEAD = 4 };

void filter_install(bool write)
{
    struct sock_filter program[HEAD + LENGTH(READING) + LENGTH(WRITING) + 2];
    size_t n = 0, count = LENGTH(READING) + (write ? LENGTH(WRITING) : 0);
    /* Numbers mean something else under another architecture's calling convention. */
    program[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; i++) {
        unsigned int call = (unsigned int)(i < LENGTH(READING) ? READING[i] : WRITING[i - LENGTH(READING)]);
        unsigned char to_allow = (unsigned char)(count - i); /* over the rest of the list and the refusal */
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, to_allow, 0);
    }
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {.len = (unsigned short)n, .filter = program};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0)
        fail_errno(errno, "confine the helper: seccomp");
}
