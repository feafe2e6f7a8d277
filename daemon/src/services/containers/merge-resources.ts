import type { HostConfig } from '@tinydocker/shared/api/containers.js';

/** Memory and swap together, where something is said of memory only: as much swap as memory. */
const defaultSwap = (memory: number): number => (memory > 0 ? memory * 2 : 0);

/** What a container may use, with Docker's defaults in place of what was left out. */
export function mergeResources(given: HostConfig): Partial<HostConfig> {
  const memory = given.Memory ?? 0;
  return {
    CpuShares: given.CpuShares ?? 0,
    Memory: memory,
    NanoCpus: given.NanoCpus ?? 0,
    CgroupParent: given.CgroupParent ?? '',
    BlkioWeight: given.BlkioWeight ?? 0,
    BlkioWeightDevice: given.BlkioWeightDevice ?? null,
    BlkioDeviceReadBps: given.BlkioDeviceReadBps ?? null,
    BlkioDeviceWriteBps: given.BlkioDeviceWriteBps ?? null,
    BlkioDeviceReadIOps: given.BlkioDeviceReadIOps ?? null,
    BlkioDeviceWriteIOps: given.BlkioDeviceWriteIOps ?? null,
    CpuPeriod: given.CpuPeriod ?? 0,
    CpuQuota: given.CpuQuota ?? 0,
    CpuRealtimePeriod: given.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: given.CpuRealtimeRuntime ?? 0,
    CpusetCpus: given.CpusetCpus ?? '',
    CpusetMems: given.CpusetMems ?? '',
    Devices: given.Devices ?? null,
    DeviceCgroupRules: given.DeviceCgroupRules?.length ? given.DeviceCgroupRules : null,
    DeviceRequests: null,
    KernelMemoryTCP: given.KernelMemoryTCP || undefined,
    MemoryReservation: given.MemoryReservation ?? 0,
    MemorySwap: given.MemorySwap || defaultSwap(memory),
    MemorySwappiness: (given.MemorySwappiness ?? -1) >= 0 ? given.MemorySwappiness : null,
    OomKillDisable: given.OomKillDisable === null ? null : (given.OomKillDisable ?? false),
    PidsLimit: (given.PidsLimit ?? 0) > 0 ? given.PidsLimit : null,
    Ulimits: given.Ulimits ?? null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}
