import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { mergeUpdate, refuseFixed } from './merge-update.js';

const MB = 2 ** 20;
const now: HostConfig = { Memory: 64 * MB, MemorySwap: 128 * MB, CpuShares: 5, CpusetCpus: '0', Binds: ['/a:/b'] };

test('what is said takes the place of what was there, and the rest stays', () => {
  const after = mergeUpdate(now, { Memory: 100 * MB, CpuShares: 0, CpusetCpus: '', PidsLimit: 7, MemorySwap: null });
  assert.deepEqual(after, { ...now, Memory: 100 * MB, PidsLimit: 7 });
  assert.deepEqual(mergeUpdate(now, {}), now);
  assert.equal(mergeUpdate({ ...now, PidsLimit: 7 }, { PidsLimit: -1 }).PidsLimit, 0);
});

test('memory and swap', () => {
  const message = /^Memory limit should be smaller than already set memoryswap limit/;
  assert.throws(() => mergeUpdate(now, { Memory: 256 * MB }), { kind: 'conflict', message });
  assert.throws(() => mergeUpdate({}, { Memory: 256 * MB }), { kind: 'conflict', message });
  assert.throws(() => mergeUpdate(now, { MemorySwap: 32 * MB }), { kind: 'conflict', message: /^Minimum memoryswap/ });
  assert.equal(mergeUpdate({ ...now, MemorySwap: -1 }, { Memory: 256 * MB }).Memory, 256 * MB);
  assert.equal(mergeUpdate(now, { Memory: 256 * MB, MemorySwap: -1 }).MemorySwap, -1);
});

test('CPUs are given in one way', () => {
  assert.throws(() => mergeUpdate({ NanoCpus: 1e9 }, { CpuQuota: 5000 }), {
    message: 'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
  });
  assert.throws(() => mergeUpdate({ NanoCpus: 1e9 }, { CpuPeriod: 5000 }), { kind: 'conflict' });
  assert.throws(() => mergeUpdate({ CpuQuota: 5000 }, { NanoCpus: 1e9 }), { kind: 'conflict' });
  assert.throws(() => mergeUpdate({ CpuPeriod: 5000 }, { NanoCpus: 1e9 }), { kind: 'conflict' });
  assert.equal(mergeUpdate({ NanoCpus: 1e9 }, { NanoCpus: 5e8 }).NanoCpus, 5e8);
});

test('the restart policy, unless the container is removed at its end', () => {
  const policy = (RestartPolicy: HostConfig['RestartPolicy'], before = {}) =>
    mergeUpdate(before, { RestartPolicy }).RestartPolicy;
  assert.deepEqual(policy({ Name: 'always' }), { Name: 'always', MaximumRetryCount: 0 });
  assert.equal(policy({ Name: '' }), undefined);
  assert.throws(() => policy({ Name: 'always' }, { AutoRemove: true }), { kind: 'conflict', message: /AutoRemove/ });
  assert.deepEqual(policy({ Name: 'no' }, { AutoRemove: true }), { Name: 'no', MaximumRetryCount: 0 });
});

test('what a container keeps for life is refused by name', () => {
  refuseFixed({ Devices: [], Ulimits: null, BlkioDeviceReadBps: [], CgroupParent: '', Init: null });
  for (const request of [
    { Devices: [{ PathOnHost: '/dev/null' }] },
    { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] },
    { BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] },
    { CgroupParent: '/x' },
  ]) {
    assert.throws(() => refuseFixed(request), {
      kind: 'not-implemented',
      message: /^a container keeps the .* cannot be/,
    });
  }
});
