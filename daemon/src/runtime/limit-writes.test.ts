import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuWeight, ioWeight, updateWrites } from './limit-writes.js';
import type { OciResources } from './oci.js';

const texts = (version: 1 | 2, before: OciResources, after: OciResources) =>
  updateWrites(version, before, after).map(({ choices }) =>
    choices.map(({ file, text }) => `${file}=${text}`).join('|'),
  );

test('weights are those that td-shim sets', () => {
  assert.deepEqual([0, 2, 1024, 262_144, 1e12].map(cpuWeight), [1, 1, 100, 10_000, 10_000]);
  assert.deepEqual([0, 10, 500, 1000].map(ioWeight), [1, 1, 4950, 10_000]);
});

test('nothing is written for what stays', () => {
  const same = { memory: { limit: 5, swap: 10 }, cpu: { shares: 3 }, pids: { limit: 1 } };
  for (const version of [1, 2] as const) assert.deepEqual(updateWrites(version, same, same), []);
});

test('v1: memory and swap in the order that keeps one below the other', () => {
  const grow = texts(1, { memory: { limit: 10, swap: 20 } }, { memory: { limit: 30, swap: 60 } });
  assert.deepEqual(grow, ['memory.memsw.limit_in_bytes=60', 'memory.limit_in_bytes=30']);
  const shrink = texts(1, { memory: { limit: 30, swap: 60 } }, { memory: { limit: 10, swap: 20 } });
  assert.deepEqual(shrink, ['memory.limit_in_bytes=10', 'memory.memsw.limit_in_bytes=20']);
  const first = texts(1, {}, { memory: { limit: 10, swap: 20 } });
  assert.deepEqual(first, ['memory.limit_in_bytes=10', 'memory.memsw.limit_in_bytes=20']);
  const unlimited = texts(1, { memory: { limit: 10, swap: 20 } }, { memory: { limit: 30, swap: -1 } });
  assert.deepEqual(unlimited, ['memory.memsw.limit_in_bytes=-1', 'memory.limit_in_bytes=30']);
  const limited = texts(1, { memory: { limit: 10, swap: -1 } }, { memory: { limit: 5, swap: 7 } });
  assert.deepEqual(limited, ['memory.limit_in_bytes=5', 'memory.memsw.limit_in_bytes=7']);
});

test('v2: swap alone follows from both', () => {
  assert.deepEqual(texts(2, { memory: { limit: 10, swap: 30 } }, { memory: { limit: 20, swap: 30 } }), [
    'memory.max=20',
    'memory.swap.max=10',
  ]);
  assert.deepEqual(texts(2, { memory: { limit: 10, swap: 30 } }, { memory: { limit: 10, swap: -1 } }), [
    'memory.swap.max=max',
  ]);
});

test('CPU, processes, block I/O', () => {
  const before: OciResources = { cpu: { quota: 5000, period: 10_000 }, pids: { limit: 9 } };
  const after: OciResources = {
    cpu: { quota: 7000, period: 10_000, shares: 1024, cpus: '0' },
    blockIO: { weight: 500 },
  };
  assert.deepEqual(texts(1, before, after), [
    ...['cpu.shares=1024', 'cpu.cfs_quota_us=7000', 'cpuset.cpus=0', 'pids.max=max'],
    'blkio.bfq.weight=500|blkio.weight=500',
  ]);
  assert.deepEqual(texts(2, before, after), [
    ...['cpu.weight=100', 'cpu.max=7000 10000', 'cpuset.cpus=0', 'pids.max=max'],
    'io.bfq.weight=500|io.weight=4950',
  ]);
  assert.deepEqual(texts(2, before, { ...before, cpu: { quota: -1, period: 10_000 } }), ['cpu.max=max 10000']);
});

test('each knows what was there before', () => {
  const [memory, pids] = updateWrites(1, { memory: { limit: 5 } }, { memory: { limit: 6 }, pids: { limit: 3 } });
  assert.deepEqual(memory!.undo, [{ file: 'memory.limit_in_bytes', text: '5' }]);
  assert.deepEqual(pids!.undo, [{ file: 'pids.max', text: 'max' }]);
});

test('v1 alone: swappiness 0 is a wish, the OOM killer can be had back', () => {
  const off: OciResources = { memory: { swappiness: 0, disableOOMKiller: true } };
  assert.deepEqual(texts(1, {}, off), ['memory.swappiness=0', 'memory.oom_control=1']);
  assert.deepEqual(texts(1, off, { memory: { swappiness: 0 } }), ['memory.oom_control=0']);
  assert.deepEqual(texts(2, {}, off), []);
});
