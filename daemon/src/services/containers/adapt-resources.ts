import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { KernelLimits } from '../../runtime/limits.js';

/** A limit that is asked for and that the kernel does not have: what is left of the request, and Docker's sentence for it. */
interface Discard {
  applies(h: HostConfig, limits: KernelLimits): boolean;
  change: Partial<HostConfig>;
  warning: string;
}

const some = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0;
const support = (what: string) => `Your kernel does not support ${what} or the cgroup is not mounted.`;

const DISCARDS: readonly Discard[] = [
  {
    applies: (h, l) => Boolean(h.Memory) && !l.memory,
    change: { Memory: 0, MemorySwap: -1 },
    warning: `${support('memory limit capabilities')} Limitation discarded.`,
  },
  {
    applies: (h, l) => Boolean(h.Memory) && h.MemorySwap !== -1 && !l.swap,
    change: { MemorySwap: -1 },
    warning: `${support('swap limit capabilities')} Memory limited without swap.`,
  },
  {
    applies: (h, l) => (h.MemorySwappiness ?? -1) >= 0 && !l.swappiness,
    change: { MemorySwappiness: null },
    warning: `${support('memory swappiness capabilities')} Memory swappiness discarded.`,
  },
  {
    applies: (h, l) => (h.MemoryReservation ?? 0) > 0 && !l.reservation,
    change: { MemoryReservation: 0 },
    warning: `${support('memory soft limit capabilities')} Limitation discarded.`,
  },
  {
    applies: (h) => (h.KernelMemory ?? 0) > 0,
    change: { KernelMemory: 0 },
    warning: 'Specifying a kernel memory limit is deprecated and has no effect. Limitation discarded.',
  },
  {
    applies: (h, l) => (h.KernelMemoryTCP ?? 0) > 0 && !l.kernelTcp,
    change: { KernelMemoryTCP: 0 },
    warning: `${support('kernel memory TCP limit capabilities')} Limitation discarded.`,
  },
  {
    applies: (h, l) => Boolean(h.OomKillDisable) && !l.oomKillDisable,
    change: { OomKillDisable: null },
    warning: 'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
  },
  {
    applies: (h, l) => (h.PidsLimit ?? 0) > 0 && !l.pids,
    change: { PidsLimit: 0 },
    warning: `${support('PIDs limit capabilities')} PIDs limit discarded.`,
  },
  {
    applies: (h, l) => (h.CpuShares ?? 0) > 0 && !l.cpuShares,
    change: { CpuShares: 0 },
    warning: `${support('CPU shares')} Shares discarded.`,
  },
  {
    applies: (h, l) => (Boolean(h.CpuPeriod) || Boolean(h.CpuQuota)) && !l.cpuCfs,
    change: { CpuPeriod: 0, CpuQuota: 0 },
    warning: 'Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.',
  },
  {
    applies: (h, l) => (Boolean(h.CpusetCpus) || Boolean(h.CpusetMems)) && !l.cpuset,
    change: { CpusetCpus: '', CpusetMems: '' },
    warning: `${support('cpuset')} CPUset discarded.`,
  },
  {
    applies: (h, l) => Boolean(h.BlkioWeight) && !l.blkioWeight,
    change: { BlkioWeight: 0 },
    warning: `${support('Block I/O weight')} Weight discarded.`,
  },
  {
    applies: (h, l) => some(h.BlkioWeightDevice) && !l.blkioWeightDevice,
    change: { BlkioWeightDevice: [] },
    warning: `${support('Block I/O weight_device')} Weight-device discarded.`,
  },
  {
    applies: (h, l) => some(h.BlkioDeviceReadBps) && !l.blkioReadBps,
    change: { BlkioDeviceReadBps: [] },
    warning: `${support('BPS Block I/O read limit')} Block I/O BPS read limit discarded.`,
  },
  {
    applies: (h, l) => some(h.BlkioDeviceWriteBps) && !l.blkioWriteBps,
    change: { BlkioDeviceWriteBps: [] },
    warning: `${support('BPS Block I/O write limit')} Block I/O BPS write limit discarded.`,
  },
  {
    applies: (h, l) => some(h.BlkioDeviceReadIOps) && !l.blkioReadIops,
    change: { BlkioDeviceReadIOps: [] },
    warning: `${support('IOPS Block read limit')} Block I/O IOPS read limit discarded.`,
  },
  {
    applies: (h, l) => some(h.BlkioDeviceWriteIOps) && !l.blkioWriteIops,
    change: { BlkioDeviceWriteIOps: [] },
    warning: `${support('IOPS Block write limit')} Block I/O IOPS write limit discarded.`,
  },
];

const OOM_WARNING =
  'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.';

/**
 * Takes out of a request what this kernel cannot limit, and says so as Docker does. Pure.
 * @throws EngineError invalid for what Docker refuses then
 */
export function adaptResources(
  given: HostConfig,
  limits: KernelLimits,
): { hostConfig: HostConfig; warnings: string[] } {
  if ((given.NanoCpus ?? 0) > 0 && !limits.cpuCfs) {
    throw invalid(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  }
  if (((given.CpuRealtimePeriod ?? 0) !== 0 || (given.CpuRealtimeRuntime ?? 0) !== 0) && !limits.cpuRealtime) {
    throw invalid('Your kernel does not support CPU real-time scheduler');
  }
  let hostConfig = given;
  const warnings: string[] = [];
  for (const { applies, change, warning } of DISCARDS) {
    if (!applies(hostConfig, limits)) continue;
    hostConfig = { ...hostConfig, ...change };
    warnings.push(warning);
  }
  if (hostConfig.OomKillDisable && !hostConfig.Memory) warnings.push(OOM_WARNING);
  return { hostConfig, warnings };
}
