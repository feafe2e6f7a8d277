import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { devicePermissions, deviceTarget, parseDeviceRule } from '../../runtime/devices.js';
import { cpuCount, onlineCpus, onlineMems, parseCpuList } from '../../runtime/host.js';

/** Less than this and no process could be started, only killed. */
const MIN_MEMORY = 6 * 1024 * 1024;

/** @param update of a container that has limits already */
function validateMemory(h: HostConfig, update = false): void {
  const memory = h.Memory ?? 0;
  const swap = h.MemorySwap ?? 0;
  const reservation = h.MemoryReservation ?? 0;
  const swappiness = h.MemorySwappiness ?? -1;
  if (memory !== 0 && memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (swap < -1) throw invalid(`Invalid value: ${swap}, memory swap is a size, or -1 for no limit`);
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation !== 0 && reservation < MIN_MEMORY) throw invalid('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateCpu(h: HostConfig): void {
  const nano = h.NanoCpus ?? 0;
  const period = h.CpuPeriod ?? 0;
  const quota = h.CpuQuota ?? 0;
  if (nano !== 0 && period !== 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano !== 0 && quota !== 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > cpuCount() * 1e9 || (nano > 0 && nano < 1e7)) {
    const count = cpuCount();
    throw invalid(`range of CPUs is from 0.01 to ${count.toFixed(2)}, as there are only ${count} CPUs available`);
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if ((h.CpuRealtimeRuntime ?? 0) > 0 && (h.CpuRealtimePeriod ?? 0) > 0) {
    if (h.CpuRealtimeRuntime! > h.CpuRealtimePeriod!) {
      throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
    }
  }
  if ((h.CpuShares ?? 0) < 0) throw invalid(`invalid CPU shares (${h.CpuShares}): value must be a positive integer`);
}

function validateList(asked: string, available: string, what: string, plural: string): void {
  if (asked === '') return;
  const wanted = parseCpuList(asked);
  if (!wanted) throw invalid(`Invalid value ${asked} for ${what}: invalid format: ${asked}`);
  const have = parseCpuList(available) ?? new Set();
  if ([...wanted].some((n) => !have.has(n))) {
    throw invalid(`Requested ${plural} are not available - requested ${asked}, available: ${available}`);
  }
}

const inWeightRange = (weight: number): boolean => weight >= 10 && weight <= 1000;

function validateBlockIo(h: HostConfig): void {
  const weight = h.BlkioWeight ?? 0;
  if (weight !== 0 && !inWeightRange(weight)) throw invalid('Range of blkio weight is from 10 to 1000');
  for (const { Path, Weight } of h.BlkioWeightDevice ?? []) {
    if (!inWeightRange(Weight)) throw invalid(`invalid weight for device ${Path}: the range is from 10 to 1000`);
  }
  const lists = [h.BlkioDeviceReadBps, h.BlkioDeviceWriteBps, h.BlkioDeviceReadIOps, h.BlkioDeviceWriteIOps];
  for (const { Path } of [...lists.flatMap((list) => list ?? []), ...(h.BlkioWeightDevice ?? [])]) {
    if (!Path.startsWith('/')) throw invalid(`bad format for device path: ${Path}`);
  }
}

/** Checks the form of what is asked of devices; whether the host has them, the start tells. */
function validateDevices(h: HostConfig): void {
  for (const mapping of h.Devices ?? []) {
    deviceTarget(mapping);
    devicePermissions(mapping.CgroupPermissions);
  }
  for (const rule of h.DeviceCgroupRules ?? []) parseDeviceRule(rule);
}

function validateLimits(h: HostConfig, update: boolean): void {
  validateMemory(h, update);
  validateCpu(h);
  validateBlockIo(h);
  validateDevices(h);
  validateList(h.CpusetCpus ?? '', onlineCpus(), 'cpuset cpus', 'CPUs');
  validateList(h.CpusetMems ?? '', onlineMems(), 'cpuset mems', 'memory nodes');
}

/** Checks limits as dockerd does, with its sentences. @throws EngineError invalid */
export const validateResources = (h: HostConfig): void => validateLimits(h, false);

/** Checks those that a container is to have from now on, besides what it has. @throws EngineError invalid */
export const validateUpdate = (h: HostConfig): void => validateLimits(h, true);
