import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { type KernelLimits, limitsOf } from '../../runtime/limits.js';
import { limitWarnings } from '../system-limits.js';
import { adaptResources } from './adapt-resources.js';

const yes = () => true;
const no = () => false;
const V1 = limitsOf(1, yes, yes, true);
const V2 = limitsOf(2, yes, yes, true);
const NOTHING = limitsOf(2, no, no, false);

const EVERYTHING: HostConfig = {
  ...{ Memory: 1e8, MemorySwap: 2e8, MemorySwappiness: 10, MemoryReservation: 1e7, KernelMemoryTCP: 1e6 },
  ...{ OomKillDisable: true, PidsLimit: 5, CpuShares: 2, CpuQuota: 5000, CpusetCpus: '0', BlkioWeight: 10 },
  ...{ BlkioWeightDevice: [{ Path: '/d', Weight: 10 }], BlkioDeviceReadBps: [{ Path: '/d', Rate: 1 }] },
  BlkioDeviceWriteIOps: [{ Path: '/d', Rate: 1 }],
};

test('a kernel that has it all leaves a request as it is', () => {
  const { hostConfig, warnings } = adaptResources(EVERYTHING, V1);
  assert.equal(hostConfig, EVERYTHING);
  assert.deepEqual([warnings, limitWarnings(V1)], [[], null]);
});

test('version 2 has no swappiness, no TCP limit, and cannot switch the OOM killer off', () => {
  const { hostConfig, warnings } = adaptResources(EVERYTHING, V2);
  const { MemorySwappiness, KernelMemoryTCP, OomKillDisable, Memory } = hostConfig;
  assert.deepEqual([MemorySwappiness, KernelMemoryTCP, OomKillDisable, Memory], [null, 0, null, 1e8]);
  assert.equal(warnings.length, 3);
  assert.ok(warnings.includes('Your kernel does not support OomKillDisable. OomKillDisable discarded.'));
  // No real-time scheduler by cgroup either.
  assert.throws(() => adaptResources({ CpuRealtimeRuntime: 1 }, V2), { kind: 'invalid' });
  assert.deepEqual(adaptResources({ OomKillDisable: false, MemorySwappiness: -1 }, V2).warnings, []);
});

test('a kernel that has nothing discards everything, each with a sentence', () => {
  const { hostConfig, warnings } = adaptResources(EVERYTHING, NOTHING);
  assert.deepEqual([hostConfig.Memory, hostConfig.MemorySwap, hostConfig.PidsLimit], [0, -1, 0]);
  assert.deepEqual([hostConfig.BlkioDeviceReadBps, hostConfig.CpusetCpus], [[], '']);
  assert.equal(warnings.length, 13);
  for (const warning of warnings) assert.match(warning, /^Your kernel does not support .*(discarded|without swap)\.$/);
  assert.throws(() => adaptResources({ NanoCpus: 1e9 }, NOTHING), {
    kind: 'invalid',
    message: /^NanoCPUs can not be set/,
  });
  assert.ok(limitWarnings(NOTHING)!.includes('WARNING: No swap limit support'));
});

test('memory without swap accounting', () => {
  const limits: KernelLimits = { ...V1, swap: false };
  assert.deepEqual(adaptResources({ Memory: 1e8 }, limits).hostConfig.MemorySwap, -1);
  assert.deepEqual(adaptResources({ Memory: 1e8, MemorySwap: -1 }, limits).warnings, []);
});

test('an OOM killer that is off without a limit is worth a word', () => {
  assert.match(adaptResources({ OomKillDisable: true }, V1).warnings[0]!, /^OOM killer is disabled/);
});
