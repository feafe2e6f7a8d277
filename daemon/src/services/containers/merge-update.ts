import type { ContainerUpdateRequest, HostConfig } from '@tinydocker/shared/api/containers.js';
import { conflict, notImplemented } from '@tinydocker/shared/errors.js';
import { normalizeBindings } from './ports.js';

const some = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0;

/** What is decided when a container is made, and cannot be another later. Docker says yes to them and does nothing. */
const FIXED: readonly (readonly [asked: (h: HostConfig) => boolean, what: string])[] = [
  [(h) => some(h.Devices), 'devices (Devices)'],
  [(h) => some(h.DeviceCgroupRules), 'device rules (DeviceCgroupRules)'],
  [(h) => some(h.DeviceRequests), 'device requests (DeviceRequests)'],
  [(h) => some(h.Ulimits), 'ulimits (Ulimits)'],
  [(h) => Boolean(h.CgroupParent), 'parent of its cgroup (CgroupParent)'],
  [(h) => some(h.BlkioWeightDevice), 'weights by device (BlkioWeightDevice)'],
  [
    (h) =>
      some(h.BlkioDeviceReadBps) ||
      some(h.BlkioDeviceWriteBps) ||
      some(h.BlkioDeviceReadIOps) ||
      some(h.BlkioDeviceWriteIOps),
    'limits by device (BlkioDevice...)',
  ],
  [(h) => h.Init !== undefined && h.Init !== null, 'init (Init)'],
];

/** @throws EngineError not-implemented, naming what a container keeps for life */
export function refuseFixed(request: ContainerUpdateRequest): void {
  const what = FIXED.find(([asked]) => asked(request))?.[1];
  if (what) throw notImplemented(`a container keeps the ${what} that it was created with: it cannot be updated`);
}

const clash = (asked: string, there: string) =>
  conflict(`Conflicting options: ${asked} cannot be updated as ${there} has already been set`);

/** CPUs are a period and a quota by another name: who has been given the one is not given the other. */
function checkCpu(now: HostConfig, given: HostConfig): void {
  const has = (n: number | null | undefined) => (n ?? 0) > 0;
  if (has(given.NanoCpus) && has(now.CpuPeriod)) throw clash('Nano CPUs', 'CPU Period');
  if (has(given.NanoCpus) && has(now.CpuQuota)) throw clash('Nano CPUs', 'CPU Quota');
  if (has(given.CpuPeriod) && has(now.NanoCpus)) throw clash('CPU Period', 'NanoCPUs');
  if (has(given.CpuQuota) && has(now.NanoCpus)) throw clash('CPU Quota', 'NanoCPUs');
}

/** -1 is without limit, which any memory is below. */
function checkMemory(now: HostConfig, given: HostConfig): void {
  const swap = given.MemorySwap || 0;
  if ((given.Memory ?? 0) > (now.MemorySwap ?? 0) && swap === 0 && now.MemorySwap !== -1) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const memory = given.Memory || now.Memory || 0;
  if (swap > 0 && swap < memory) {
    throw conflict('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
}

/** Of these 0 and '' say nothing. */
const SAID = [
  ...(['BlkioWeight', 'CpuShares', 'NanoCpus', 'CpuPeriod', 'CpuQuota', 'CpusetCpus', 'CpusetMems'] as const),
  ...(['CpuRealtimePeriod', 'CpuRealtimeRuntime', 'Memory', 'MemorySwap', 'MemoryReservation'] as const),
  'KernelMemoryTCP',
] as const;

/** Ports that are named get the bindings that are given, the others keep theirs. */
function mergeBindings(now: HostConfig, given: ContainerUpdateRequest): NonNullable<HostConfig['PortBindings']> {
  const all = { ...now.PortBindings, ...normalizeBindings(given.PortBindings ?? {}) };
  return Object.fromEntries(Object.entries(all).filter(([, bindings]) => (bindings?.length ?? 0) > 0));
}

/** The limits of a container with those that are asked for in place of what it had. Pure. @throws EngineError conflict */
export function mergeUpdate(now: HostConfig, given: ContainerUpdateRequest): HostConfig {
  checkCpu(now, given);
  checkMemory(now, given);
  const policy = given.RestartPolicy?.Name ? given.RestartPolicy : undefined;
  if (policy && policy.Name !== 'no' && now.AutoRemove) {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  const said = Object.fromEntries(SAID.filter((field) => given[field]).map((field) => [field, given[field]]));
  const pids = given.PidsLimit;
  return {
    ...now,
    ...said,
    ...(pids !== undefined && pids !== null && { PidsLimit: Math.max(0, pids) }),
    ...((given.MemorySwappiness ?? -1) >= 0 && { MemorySwappiness: given.MemorySwappiness }),
    ...(typeof given.OomKillDisable === 'boolean' && { OomKillDisable: given.OomKillDisable }),
    ...(given.PortBindings && { PortBindings: mergeBindings(now, given) }),
    ...(policy && {
      RestartPolicy: { Name: policy.Name ?? 'no', MaximumRetryCount: policy.MaximumRetryCount ?? 0 },
    }),
  };
}
