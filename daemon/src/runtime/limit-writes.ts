import type { OciResources } from './oci.js';

/** One limit as the text of a control file; where several files may hold it, the first that is there takes it. */
export interface LimitWrite {
  controller: string;
  choices: readonly { file: string; text: string }[];
  /** What the file said before, to be put back where a later one is refused. */
  undo: readonly { file: string; text: string }[];
}

/** A limit by its name, and what is written for it; undefined where nothing was asked for. */
interface Limit {
  controller: string;
  choices(r: OciResources): readonly { file: string; text: string }[] | undefined;
  /** What stands for "none", where that can be asked for later. */
  none?: string;
}

/**
 * CPU shares (2 to 262144) as a weight of cgroup v2 (1 to 10000), along a curve on which the defaults of both meet. The same as
 * in td-shim's cgroup-limits.c, which sets it first.
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

/** A weight of block I/O (10 to 1000) as io.weight (1 to 10000). */
export const ioWeight = (weight: number): number => 1 + Math.floor(((Math.max(weight, 10) - 10) * 9999) / 990);

const set = (n: number | undefined): n is number => n !== undefined && n !== 0;
const orMax = (n: number): string => (n < 0 ? 'max' : String(n));

const plain = (
  controller: string,
  file: string,
  value: (r: OciResources) => number | string | undefined,
  none?: string,
): Limit => ({
  controller,
  choices(r) {
    const text = value(r);
    return text === undefined || text === 0 || text === '' ? undefined : [{ file, text: String(text) }];
  },
  ...(none !== undefined && { none }),
});

const V1: readonly Limit[] = [
  plain('memory', 'memory.limit_in_bytes', (r) => r.memory?.limit),
  plain('memory', 'memory.memsw.limit_in_bytes', (r) => r.memory?.swap),
  plain('memory', 'memory.soft_limit_in_bytes', (r) => r.memory?.reservation),
  plain('memory', 'memory.swappiness', (r) => r.memory?.swappiness?.toString()),
  plain('memory', 'memory.kmem.tcp.limit_in_bytes', (r) => r.memory?.kernelTCP),
  plain('memory', 'memory.oom_control', (r) => (r.memory?.disableOOMKiller ? '1' : undefined), '0'),
  plain('cpu', 'cpu.shares', (r) => r.cpu?.shares),
  plain('cpu', 'cpu.rt_period_us', (r) => r.cpu?.realtimePeriod),
  plain('cpu', 'cpu.rt_runtime_us', (r) => r.cpu?.realtimeRuntime),
  plain('cpu', 'cpu.cfs_period_us', (r) => r.cpu?.period),
  plain('cpu', 'cpu.cfs_quota_us', (r) => r.cpu?.quota),
  plain('cpuset', 'cpuset.cpus', (r) => r.cpu?.cpus),
  plain('cpuset', 'cpuset.mems', (r) => r.cpu?.mems),
  plain('pids', 'pids.max', (r) => r.pids?.limit, 'max'),
  {
    controller: 'blkio',
    choices: ({ blockIO }) =>
      set(blockIO?.weight)
        ? ['blkio.bfq.weight', 'blkio.weight'].map((file) => ({ file, text: String(blockIO.weight) }))
        : undefined,
  },
];

/** v2 counts swap alone, where Docker and v1 count it together with memory. */
function swapMax({ memory }: OciResources): string | undefined {
  if (!set(memory?.swap)) return undefined;
  return memory.swap < 0 ? 'max' : String(Math.max(0, memory.swap - Math.max(0, memory.limit ?? 0)));
}

function cpuMax({ cpu }: OciResources): string | undefined {
  if (!set(cpu?.quota) && !set(cpu?.period)) return undefined;
  return `${set(cpu.quota) && cpu.quota > 0 ? cpu.quota : 'max'} ${cpu.period || 100_000}`;
}

const V2: readonly Limit[] = [
  plain('memory', 'memory.max', (r) => (set(r.memory?.limit) ? orMax(r.memory.limit) : undefined)),
  plain('memory', 'memory.swap.max', swapMax),
  plain('memory', 'memory.low', (r) => (set(r.memory?.reservation) ? orMax(r.memory.reservation) : undefined)),
  plain('cpu', 'cpu.weight', (r) => (set(r.cpu?.shares) ? cpuWeight(r.cpu.shares) : undefined)),
  plain('cpu', 'cpu.max', cpuMax),
  plain('cpuset', 'cpuset.cpus', (r) => r.cpu?.cpus),
  plain('cpuset', 'cpuset.mems', (r) => r.cpu?.mems),
  plain('pids', 'pids.max', (r) => r.pids?.limit, 'max'),
  {
    controller: 'io',
    choices: ({ blockIO }) =>
      set(blockIO?.weight)
        ? [
            { file: 'io.bfq.weight', text: String(blockIO.weight) },
            { file: 'io.weight', text: String(ioWeight(blockIO.weight)) },
          ]
        : undefined,
  },
];

/** The larger of two limits of memory and swap, where -1 and nothing are without limit. */
const isRaised = (before: number | undefined, after: number | undefined): boolean =>
  set(after) && (after < 0 || (set(before) && before > 0 && after > before));

/**
 * What has to be written for one set of limits to become another: only what changes, in an order in which no intermediate state
 * is refused. Pure.
 */
export function updateWrites(version: 1 | 2, before: OciResources, after: OciResources): LimitWrite[] {
  const writes: LimitWrite[] = [];
  for (const { controller, choices, none } of version === 1 ? V1 : V2) {
    const old = choices(before);
    const wanted =
      choices(after) ?? (old && none !== undefined ? old.map(({ file }) => ({ file, text: none })) : undefined);
    if (!wanted || JSON.stringify(wanted) === JSON.stringify(old)) continue;
    const undo = old ?? (none === undefined ? [] : wanted.map(({ file }) => ({ file, text: none })));
    writes.push({ controller, choices: wanted, undo });
  }
  // On v1 memory may at no time be above memory and swap: what grows makes room first.
  const swap = writes.findIndex(({ choices }) => choices[0]!.file === 'memory.memsw.limit_in_bytes');
  if (swap > 0 && isRaised(before.memory?.swap, after.memory?.swap)) writes.unshift(...writes.splice(swap, 1));
  return writes;
}
