import type { SeccompProfile, SyscallRule } from './seccomp-profile.js';

/*
 * What containers may ask of the kernel where nothing else is said. Derived from the data of Docker's default profile, and tighter
 * than it where that costs no program anything (docs/security.md): whoever changes this changes what an attacker has to work with.
 */

const words = (text: string): string[] => text.trim().split(/\s+/);
const allow = (names: string, rest: Omit<SyscallRule, 'names' | 'action'> = {}): SyscallRule => ({
  names: words(names),
  action: 'SCMP_ACT_ALLOW',
  ...rest,
});
const withCapability = (capability: string, names: string): SyscallRule =>
  allow(names, { includes: { caps: [capability] } });
const onArchitectures = (arches: string, names: string): SyscallRule =>
  allow(names, { includes: { arches: words(arches) } });

/** Refused to nobody. */
const ALWAYS = `
  accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_adjtime
  clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
  clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
  epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
  exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
  fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
  fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait
  futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32
  geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid
  getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt
  gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
  inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl
  ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32
  lgetxattr link linkat listen listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat
  lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock
  mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64
  mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
  name_to_handle_at nanosleep newfstatat _newselect open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2
  pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease
  pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg
  recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 restart_syscall
  riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
  rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
  sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
  sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
  semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area
  set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid
  setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid
  setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4
  sigprocmask sigreturn socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
  sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
  timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
  timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat
  utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
`;

/**
 * Families of sockets by number (address_families(7)). Not 38, AF_ALG (CVE-2026-31431), nor 40, AF_VSOCK, by which virtual machines
 * and their host speak past every network namespace. What lies above is named one by one: the kernel takes the low half of the
 * argument, so that "greater than 40" would let 2^32 + 38 pass for something else.
 */
const FAMILY_ALG = 38;
const FAMILIES_ABOVE = [39, 41, 42, 43, 44, 45];

/** Execution domains (personality(2)): Linux, with uname26, with both, 32 bits, and the question which one it is. */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: a namespace is a way to capabilities, and to code for them. */
const CLONE_NAMESPACES = 0x7e020000;

const ENOSYS = 38;

const ifEqual = (index: number, value: number): SyscallRule['args'] => [{ index, value, op: 'SCMP_CMP_EQ' }];
const noNamespaces = (index: number): SyscallRule['args'] => [
  { index, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
];

/** Refused by name with ENOSYS where it is refused: C libraries fall back to clone(2), whose flags a filter can see. */
const CLONE3_REFUSED: SyscallRule = {
  names: ['clone3'],
  action: 'SCMP_ACT_ERRNO',
  errnoRet: ENOSYS,
  excludes: { caps: ['CAP_SYS_ADMIN'] },
};

/**
 * The way of 32-bit programs to their sockets, where the family lies behind a pointer that no filter can follow. It is there only
 * where something else looks at families: AppArmor's profile does.
 */
const SOCKETCALL_REFUSED: SyscallRule = { names: ['socketcall'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS };
const SOCKETCALL: SyscallRule = allow('socketcall');

const RULES: readonly SyscallRule[] = [
  allow(ALWAYS),
  // Before 4.8 a tracer could change a call after the filter had looked at it.
  allow('process_vm_readv process_vm_writev ptrace', { includes: { minKernel: '4.8' } }),
  allow('socket', { args: [{ index: 0, value: FAMILY_ALG, op: 'SCMP_CMP_LT' }] }),
  ...FAMILIES_ABOVE.map((family) => allow('socket', { args: ifEqual(0, family) })),
  ...PERSONALITIES.map((persona) => allow('personality', { args: ifEqual(0, persona) })),

  onArchitectures('ppc64le', 'sync_file_range2 swapcontext'),
  onArchitectures('arm arm64', 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'),
  onArchitectures('amd64 x32', 'arch_prctl'),
  onArchitectures('amd64 x32 x86', 'modify_ldt'),
  onArchitectures('s390 s390x', 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr'),
  onArchitectures('riscv64', 'riscv_flush_icache'),

  // What takes a capability in the kernel, too, is given with it.
  withCapability('CAP_DAC_READ_SEARCH', 'open_by_handle_at'),
  withCapability(
    'CAP_SYS_ADMIN',
    `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
     lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
     sethostname setns syslog umount umount2 unshare`,
  ),
  allow('clone', { args: noNamespaces(0), excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390', 's390x'] } }),
  allow('clone', {
    args: noNamespaces(1), // there the flags come second
    includes: { arches: ['s390', 's390x'] },
    excludes: { caps: ['CAP_SYS_ADMIN'] },
  }),
  CLONE3_REFUSED,
  withCapability('CAP_SYS_BOOT', 'reboot'),
  withCapability('CAP_SYS_CHROOT', 'chroot'),
  withCapability('CAP_SYS_MODULE', 'delete_module init_module finit_module'),
  withCapability('CAP_SYS_PACCT', 'acct'),
  withCapability('CAP_SYS_PTRACE', 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace'),
  withCapability('CAP_SYS_RAWIO', 'iopl ioperm'),
  withCapability('CAP_SYS_TIME', 'settimeofday stime clock_settime clock_settime64'),
  withCapability('CAP_SYS_TTY_CONFIG', 'vhangup'),
  withCapability('CAP_SYS_NICE', 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node'),
  withCapability('CAP_SYSLOG', 'syslog'),
  withCapability('CAP_BPF', 'bpf'),
  withCapability('CAP_PERFMON', 'perf_event_open'),
];

/** Calling conventions beside a machine's own. x32 is not among them: kernels that have it are few, and so are its programs. */
const ARCHITECTURES: SeccompProfile['archMap'] = [
  { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
  { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  { architecture: 'SCMP_ARCH_S390X', subArchitectures: ['SCMP_ARCH_S390'] },
  { architecture: 'SCMP_ARCH_RISCV64', subArchitectures: null },
];

const profile = (socketcall: SyscallRule): SeccompProfile => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1, // EPERM
  archMap: ARCHITECTURES,
  syscalls: [...RULES, socketcall],
});

/** The default profile, for a container that nothing else keeps from AF_ALG and AF_VSOCK. */
export const BUILTIN_PROFILE: SeccompProfile = profile(SOCKETCALL_REFUSED);

/** The default profile for a container whose security module looks at families of sockets. */
export const BUILTIN_PROFILE_WITH_SOCKETCALL: SeccompProfile = profile(SOCKETCALL);
