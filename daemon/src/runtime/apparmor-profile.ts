/** The name of the default profile, which every daemon of a machine shares: it is the same text. */
export const APPARMOR_DEFAULT = 'tinydocker-default';

/**
 * The default profile. What it allows is broad, since nobody knows what an image runs; what it denies are the ways from a container's
 * root to the host's: a second line where a mount, a mask or the filter of system calls should fail. As Docker's, and besides it
 * denies families of sockets, which the filter cannot see in socketcall(2).
 *
 * In patterns a directory's name is spelled as what it is not, letter by letter: AppArmor knows no exceptions to a denial.
 */
export const APPARMOR_PROFILE = `
# Made by tinydockerd; written anew when a daemon starts.
profile ${APPARMOR_DEFAULT} flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  umount,
  network,
  unix,

  # The kernel's crypto API (CVE-2026-31431), and the line from a virtual machine to its host.
  deny network alg,
  deny network vsock,

  # Signals: from the host's processes, and among its own.
  signal (receive) peer=unconfined,
  signal (send, receive) peer=${APPARMOR_DEFAULT},

  # Its own processes may be traced; reading /proc of others is no reason for a line in the log.
  ptrace (trace, read, tracedby, readby) peer=${APPARMOR_DEFAULT},

  deny mount,

  # Of /proc: no file at its top, and below it only the directories of processes and sys.
  deny /proc/* w,
  deny /proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  # Of /proc/sys: kernel/shm* alone, which belongs to a namespace.
  deny /proc/sys/[^k]** w,
  deny /proc/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,

  # Of /sys: cgroups alone.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;
