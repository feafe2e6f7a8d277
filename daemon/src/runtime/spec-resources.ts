import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import type { OciBlockIo, OciDeviceRule, OciResources } from './oci.js';

/** Microseconds: the kernel's default scheduling period. */
const PERIOD = 100_000;

/** An entry only where one of its values is set: what is not there, the shim leaves at the kernel's default. */
const present = <T extends object>(values: T): T | undefined =>
  Object.values(values).some((value) => value !== undefined) ? values : undefined;

/** What of the limits depends on the host's devices, found out before. */
export interface HostDevices {
  blockIo?: OciBlockIo | undefined;
  rules?: OciDeviceRule[] | undefined;
}

/** The limits of the cgroup. 0 and absent mean none in the API. */
export function specResources(hostConfig: HostConfig, devices: HostDevices = {}): OciResources {
  const nano = hostConfig.NanoCpus || 0;
  const pids = hostConfig.PidsLimit || 0;
  return {
    memory: present({
      limit: hostConfig.Memory || undefined,
      reservation: hostConfig.MemoryReservation || undefined,
      swap: hostConfig.MemorySwap || undefined,
      swappiness: hostConfig.MemorySwappiness ?? undefined,
      kernelTCP: hostConfig.KernelMemoryTCP || undefined,
      disableOOMKiller: hostConfig.OomKillDisable || undefined,
    }),
    cpu: present({
      shares: hostConfig.CpuShares || undefined,
      quota: nano ? Math.round((nano * PERIOD) / 1e9) : hostConfig.CpuQuota || undefined,
      period: nano ? PERIOD : hostConfig.CpuPeriod || undefined,
      realtimePeriod: hostConfig.CpuRealtimePeriod || undefined,
      realtimeRuntime: hostConfig.CpuRealtimeRuntime || undefined,
      cpus: hostConfig.CpusetCpus || undefined,
      mems: hostConfig.CpusetMems || undefined,
    }),
    pids: pids > 0 ? { limit: pids } : undefined,
    blockIO: devices.blockIo,
    devices: devices.rules,
  };
}
