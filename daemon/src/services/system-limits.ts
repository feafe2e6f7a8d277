import type { SystemInfo } from '@tinydocker/shared/api/system.js';
import type { KernelLimits } from '../runtime/limits.js';

type InfoLimits = Pick<
  SystemInfo,
  | 'MemoryLimit'
  | 'SwapLimit'
  | 'KernelMemoryTCP'
  | 'CpuCfsPeriod'
  | 'CpuCfsQuota'
  | 'CPUShares'
  | 'CPUSet'
  | 'PidsLimit'
  | 'OomKillDisable'
>;

/** What the kernel can limit, as `docker info` says it. */
export const infoLimits = (limits: KernelLimits): InfoLimits => ({
  MemoryLimit: limits.memory,
  SwapLimit: limits.swap,
  KernelMemoryTCP: limits.kernelTcp,
  CpuCfsPeriod: limits.cpuCfs,
  CpuCfsQuota: limits.cpuCfs,
  CPUShares: limits.cpuShares,
  CPUSet: limits.cpuset,
  PidsLimit: limits.pids,
  OomKillDisable: limits.oomKillDisable,
});

/** What it cannot, as `docker info` warns; null where there is nothing to warn of. */
export function limitWarnings(limits: KernelLimits): string[] | null {
  const missing: [boolean, string][] = [
    [limits.memory, 'No memory limit support'],
    [limits.swap, 'No swap limit support'],
    [limits.cpuCfs, 'No cpu cfs quota support'],
    [limits.cpuCfs, 'No cpu cfs period support'],
    [limits.cpuShares, 'No cpu shares support'],
    [limits.cpuset, 'No cpuset support'],
    [limits.pids, 'No pids limit support'],
    [limits.blkioWeight, 'No blkio weight support'],
    [limits.blkioWeightDevice, 'No blkio weight_device support'],
    [limits.blkioReadBps, 'No blkio throttle.read_bps_device support'],
    [limits.blkioWriteBps, 'No blkio throttle.write_bps_device support'],
    [limits.blkioReadIops, 'No blkio throttle.read_iops_device support'],
    [limits.blkioWriteIops, 'No blkio throttle.write_iops_device support'],
  ];
  const list = missing.filter(([there]) => !there).map(([, what]) => `WARNING: ${what}`);
  return list.length > 0 ? list : null;
}
