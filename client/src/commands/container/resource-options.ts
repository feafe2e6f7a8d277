import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import type { CreateFlags } from './create-flags.js';

const some = <T>(values: readonly T[]): T[] | undefined => (values.length > 0 ? [...values] : undefined);

/** What the flags say of devices, block I/O, and where the cgroup is. */
export const deviceConfig = (flags: CreateFlags): HostConfig => ({
  BlkioWeight: flags['blkio-weight'],
  BlkioWeightDevice: some(flags['blkio-weight-device']),
  BlkioDeviceReadBps: some(flags['device-read-bps']),
  BlkioDeviceWriteBps: some(flags['device-write-bps']),
  BlkioDeviceReadIOps: some(flags['device-read-iops']),
  BlkioDeviceWriteIOps: some(flags['device-write-iops']),
  CgroupParent: flags['cgroup-parent'],
  CpuRealtimePeriod: flags['cpu-rt-period'],
  CpuRealtimeRuntime: flags['cpu-rt-runtime'],
  Devices: some(flags.device),
  DeviceCgroupRules: some(flags['device-cgroup-rule']),
  KernelMemory: flags['kernel-memory'],
  MemorySwappiness: flags['memory-swappiness'],
});
