import type { BlkioEntry, BlkioStats, CpuStats, MemoryStats, PidsStats } from '@tinydocker/shared/api/stats.js';

/** What the processes of a cgroup use, in the API's terms. */
export interface Usage {
  pids_stats: PidsStats;
  blkio_stats: BlkioStats;
  cpu_stats: CpuStats;
  memory_stats: MemoryStats;
}

/** Reads a control file of the cgroup, trimmed; undefined where there is none. */
export type ReadControl = (controller: string, file: string) => string | undefined;

/** The host's side of the numbers. */
export interface HostTimes {
  /** CPU time of all CPUs since boot, in ns. */
  cpu: number;
  cpus: number;
  /** Bytes. */
  memory: number;
}

const NO_BLKIO: BlkioStats = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** What Docker answers where there is nothing to read: of a container that does not run. */
export const NO_USAGE: Usage = { pids_stats: {}, blkio_stats: NO_BLKIO, cpu_stats: NO_CPU, memory_stats: {} };

/** `name value` on every line: memory.stat, cpu.stat, cgroup.events. */
export function flatKeyed(text: string | undefined): Map<string, number> {
  const map = new Map<string, number>();
  for (const line of text?.split('\n') ?? []) {
    const space = line.indexOf(' ');
    if (space > 0) map.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return map;
}

const number = (text: string | undefined): number | undefined => {
  const n = Number(text);
  return text === undefined || text === '' || Number.isNaN(n) ? undefined : n;
};

/** Clock ticks of the kernel's ABI, of which a second has 100 on every machine, in ns. */
const TICK = 1e7;

/** The first line and the number of cpuN lines of /proc/stat: all time that all CPUs have spent, and how many they are. */
export function hostCpu(stat: string): { cpu: number; cpus: number } {
  const [first = '', ...rest] = stat.split('\n');
  // user nice system idle iowait irq softirq steal; guest time is in user already.
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  return { cpu: ticks.reduce((a, b) => a + b, 0) * TICK, cpus: rest.filter((line) => /^cpu\d/.test(line)).length };
}

/** Of memory.stat: what Docker shows on version 1, and the same with total_, which counts the cgroups below as well. */
const V1_MEMORY = [
  ...['active_anon', 'active_file', 'cache', 'dirty', 'inactive_anon', 'inactive_file', 'mapped_file', 'pgfault'],
  ...['pgmajfault', 'pgpgin', 'pgpgout', 'rss', 'rss_huge', 'unevictable', 'writeback'],
];
const V1_KEYS = new Set([
  ...V1_MEMORY,
  ...V1_MEMORY.map((name) => `total_${name}`),
  'hierarchical_memory_limit',
  'hierarchical_memsw_limit',
]);

/** Of memory.stat: what Docker shows on version 2. */
const V2_KEYS = new Set([
  ...['anon', 'file', 'kernel_stack', 'slab', 'sock', 'shmem', 'file_mapped', 'file_dirty', 'file_writeback'],
  ...['anon_thp', 'inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable', 'slab_reclaimable'],
  ...['slab_unreclaimable', 'pgfault', 'pgmajfault', 'workingset_refault', 'workingset_activate'],
  ...['workingset_nodereclaim', 'pgrefill', 'pgscan', 'pgsteal', 'pgactivate', 'pgdeactivate', 'pglazyfree'],
  ...['pglazyfreed', 'thp_fault_alloc', 'thp_collapse_alloc'],
]);

function pick(text: string | undefined, keys: ReadonlySet<string>): Record<string, number> {
  const found = [...flatKeyed(text)].filter(([name]) => keys.has(name));
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Kernel limits that mean "none" are larger than the machine. */
const limitOf = (text: string | undefined, host: number): number => Math.min(number(text) ?? host, host);

const pidsStats = (read: ReadControl): PidsStats => ({
  current: number(read('pids', 'pids.current')),
  limit: number(read('pids', 'pids.max')),
});

/** `8:0 Read 4096` on every line, the sums of devices at the end left out. */
function blkioEntries(text: string | undefined): BlkioEntry[] {
  const entries: BlkioEntry[] = [];
  for (const line of text?.split('\n') ?? []) {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (!match) continue;
    entries.push({ major: Number(match[1]), minor: Number(match[2]), op: match[3]!, value: Number(match[4]) });
  }
  return entries;
}

/** Version 1. BFQ counts what it schedules itself; the throttling layer sees everything. */
export function usageV1(read: ReadControl, host: HostTimes): Usage {
  const cpu = flatKeyed(read('cpuacct', 'cpuacct.stat'));
  const throttling = flatKeyed(read('cpu', 'cpu.stat'));
  return {
    pids_stats: pidsStats(read),
    blkio_stats: {
      io_service_bytes_recursive: blkioEntries(read('blkio', 'blkio.throttle.io_service_bytes_recursive')),
      io_serviced_recursive: blkioEntries(read('blkio', 'blkio.throttle.io_serviced_recursive')),
      io_queue_recursive: [],
      io_service_time_recursive: [],
      io_wait_time_recursive: [],
      io_merged_recursive: [],
      io_time_recursive: [],
      sectors_recursive: [],
    },
    cpu_stats: {
      cpu_usage: {
        total_usage: number(read('cpuacct', 'cpuacct.usage')) ?? 0,
        percpu_usage: (read('cpuacct', 'cpuacct.usage_percpu') ?? '').split(/\s+/).filter(Boolean).map(Number),
        usage_in_kernelmode: (cpu.get('system') ?? 0) * TICK,
        usage_in_usermode: (cpu.get('user') ?? 0) * TICK,
      },
      system_cpu_usage: host.cpu,
      online_cpus: host.cpus,
      throttling_data: {
        periods: throttling.get('nr_periods') ?? 0,
        throttled_periods: throttling.get('nr_throttled') ?? 0,
        throttled_time: throttling.get('throttled_time') ?? 0,
      },
    },
    memory_stats: {
      usage: number(read('memory', 'memory.usage_in_bytes')),
      max_usage: number(read('memory', 'memory.max_usage_in_bytes')),
      stats: pick(read('memory', 'memory.stat'), V1_KEYS),
      failcnt: number(read('memory', 'memory.failcnt')) || undefined,
      limit: limitOf(read('memory', 'memory.limit_in_bytes'), host.memory),
    },
  };
}

/** `8:0 rbytes=1 wbytes=2 rios=3 ...` of io.stat: bytes alone, as Docker shows them. */
function ioEntries(text: string | undefined): BlkioEntry[] | null {
  const entries: BlkioEntry[] = [];
  for (const line of text?.split('\n') ?? []) {
    const match = /^(\d+):(\d+) .*?rbytes=(\d+) wbytes=(\d+)/.exec(line);
    if (!match) continue;
    const device = { major: Number(match[1]), minor: Number(match[2]) };
    entries.push({ ...device, op: 'read', value: Number(match[3]) });
    entries.push({ ...device, op: 'write', value: Number(match[4]) });
  }
  return entries.length > 0 ? entries : null;
}

/** Version 2, which has no numbers by CPU, and no highest usage in Docker's answer. */
export function usageV2(read: ReadControl, host: HostTimes): Usage {
  const cpu = flatKeyed(read('cpu', 'cpu.stat'));
  const micro = (name: string) => (cpu.get(name) ?? 0) * 1000;
  return {
    pids_stats: pidsStats(read),
    blkio_stats: { ...NO_BLKIO, io_service_bytes_recursive: ioEntries(read('io', 'io.stat')) },
    cpu_stats: {
      cpu_usage: {
        total_usage: micro('usage_usec'),
        usage_in_kernelmode: micro('system_usec'),
        usage_in_usermode: micro('user_usec'),
      },
      system_cpu_usage: host.cpu,
      online_cpus: host.cpus,
      throttling_data: {
        periods: cpu.get('nr_periods') ?? 0,
        throttled_periods: cpu.get('nr_throttled') ?? 0,
        throttled_time: micro('throttled_usec'),
      },
    },
    memory_stats: {
      usage: number(read('memory', 'memory.current')),
      stats: pick(read('memory', 'memory.stat'), V2_KEYS),
      failcnt: flatKeyed(read('memory', 'memory.events')).get('oom') || undefined,
      limit: limitOf(read('memory', 'memory.max'), host.memory),
    },
  };
}
