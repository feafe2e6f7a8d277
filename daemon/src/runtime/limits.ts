import { readFileSync } from 'node:fs';
import { cgroupControllers, cgroupVersion, readCgroupFile } from '../kernel/cgroup.js';

/** Which limits this kernel can set. */
export interface KernelLimits {
  memory: boolean;
  swap: boolean;
  reservation: boolean;
  swappiness: boolean;
  kernelTcp: boolean;
  oomKillDisable: boolean;
  pids: boolean;
  cpuShares: boolean;
  cpuCfs: boolean;
  cpuRealtime: boolean;
  cpuset: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  blkioReadBps: boolean;
  blkioWriteBps: boolean;
  blkioReadIops: boolean;
  blkioWriteIops: boolean;
}

const hasSwapAccounting = (): boolean => {
  try {
    return readFileSync('/proc/swaps', 'latin1') !== ''; // there where the kernel has CONFIG_SWAP
  } catch {
    return false;
  }
};

/**
 * @param has whether a controller is there
 * @param file whether a cgroup has a control file; the root of the hierarchy lacks some that others have
 */
export function limitsOf(
  version: 1 | 2,
  has: (controller: string) => boolean,
  file: (controller: string, name: string) => boolean,
  swap: boolean,
): KernelLimits {
  const v1 = version === 1;
  const throttled = (name: string) => (v1 ? file('blkio', `blkio.throttle.${name}_device`) : file('io', 'io.max'));
  const memory = (name: string) => v1 && file('memory', `memory.${name}`);
  return {
    memory: has('memory'),
    swap: has('memory') && (v1 ? file('memory', 'memory.memsw.limit_in_bytes') : swap),
    reservation: v1 ? memory('soft_limit_in_bytes') : has('memory'),
    swappiness: memory('swappiness'),
    kernelTcp: memory('kmem.tcp.limit_in_bytes'),
    oomKillDisable: memory('oom_control'),
    pids: has('pids'),
    cpuShares: has('cpu'),
    cpuCfs: has('cpu') && file('cpu', v1 ? 'cpu.cfs_quota_us' : 'cpu.max'),
    cpuRealtime: v1 && file('cpu', 'cpu.rt_runtime_us'),
    cpuset: has('cpuset'),
    blkioWeight: v1
      ? file('blkio', 'blkio.bfq.weight') || file('blkio', 'blkio.weight')
      : file('io', 'io.weight') || file('io', 'io.bfq.weight'),
    blkioWeightDevice: v1
      ? file('blkio', 'blkio.bfq.weight_device') || file('blkio', 'blkio.weight_device')
      : file('io', 'io.weight') || file('io', 'io.bfq.weight'),
    blkioReadBps: throttled('read_bps'),
    blkioWriteBps: throttled('write_bps'),
    blkioReadIops: throttled('read_iops'),
    blkioWriteIops: throttled('write_iops'),
  };
}

let known: KernelLimits | undefined;

/** As the cgroup that containers are made below has them; found out once, when it is first asked for. */
export function kernelLimits(parent: string): KernelLimits {
  if (known) return known;
  const controllers = new Set(cgroupControllers());
  const file = (controller: string, name: string) => readCgroupFile(parent, controller, name) !== undefined;
  known = limitsOf(cgroupVersion(), (controller) => controllers.has(controller), file, hasSwapAccounting());
  return known;
}
