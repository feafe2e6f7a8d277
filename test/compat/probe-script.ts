/** What a process finds about itself, one fact a line: a key of two words, and what is there. For a container's own shell. */
export const PROCESS_SCRIPT = `
grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Seccomp_filters|Speculation_Store_Bypass|Umask):" /proc/self/status | sed 's/^/status /'
echo "descriptors open $(ls /proc/self/fd | wc -l)"
tail -n +2 /proc/self/limits | while read -r line; do name=\${line%%  *}; echo "limit $(echo $name | tr ' ' _) \${line#"$name"}"; done
echo "oom score $(cat /proc/self/oom_score_adj)"
echo "profile apparmor $(cat /proc/self/attr/current 2>/dev/null)"
`;

/** The same, and what is around it. */
export const PROBE_SCRIPT = `${PROCESS_SCRIPT}
while read -r _ _ _ _ point options rest; do echo "mount $point \${rest#*- } $options"; done < /proc/self/mountinfo
ls -la /dev | tail -n +4 | while read -r mode _ user group rest; do set -- $rest; echo "device \${rest##*[0-9] } $mode $user $group"; done
for path in $MASKED; do
  if [ -d $path ]; then echo "masked $path directory of $(ls -A $path | wc -l)"
  elif [ -e $path ]; then echo "masked $path file of $(head -c 1 $path | wc -c)"
  else echo "masked $path absent"; fi
done
for path in $WRITTEN; do ( : >> $path ) 2>/dev/null && echo "write $path yes" || echo "write $path no"; done
echo "links all $(ls /sys/class/net | xargs)"
`;

export const MASKED =
  '/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats ' +
  '/proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap /sys/devices/system/cpu/cpu0/thermal_throttle';

export const WRITTEN =
  '/proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /proc/sys/fs/mqueue/msg_max ' +
  '/proc/sys/net/ipv4/ip_forward /proc/irq/default_smp_affinity /proc/self/oom_score_adj /proc/self/uid_map ' +
  '/sys/kernel/mm/ksm/run /sys/kernel/uevent_helper /sys/fs/cgroup/made /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/cgroup.procs ' +
  '/sys/fs/cgroup/memory/release_agent /etc/hosts /dev/made /dev/shm/made /made';

/** Options of a mount that take something away. */
const RESTRICTIONS = ['ro', 'nosuid', 'nodev', 'noexec'];

/** Facts by their keys, without what no two containers have in common. */
export function facts(output: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of output.trim().split('\n')) {
    const [kind = '', name = '', ...rest] = line.split(/\s+/);
    found.set(`${kind} ${name.replace(/:$/, '')}`, kind === 'mount' ? mountFact(rest) : rest.join(' '));
  }
  return found;
}

function mountFact([type = '', _source, _superOptions, options = '']: string[]): string {
  return [type, ...options.split(',').filter((option) => RESTRICTIONS.includes(option))].join(' ');
}
