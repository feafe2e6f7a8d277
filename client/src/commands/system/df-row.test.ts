import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskUsage } from '@tinydocker/shared/api/system.js';
import { usageFormat, usageRows } from './df-row.js';

const usage = {
  LayersSize: 1000,
  Images: [
    { Containers: 1, Size: 600, SharedSize: 100 },
    { Containers: 0, Size: 500, SharedSize: 100 },
  ],
  Containers: [
    { State: 'running', SizeRw: 30 },
    { State: 'exited', SizeRw: 10 },
  ],
  Volumes: [{ UsageData: { RefCount: 0, Size: 7 } }, { UsageData: { RefCount: 2, Size: 3 } }],
  BuildCache: [],
} as unknown as DiskUsage;

test('what is taken, and what of it can be had back', () => {
  const shown = usageRows(usage).map((row) => [
    ...[row.type, row.total, row.active, row.size],
    usageFormat.columns.Reclaimable!.value(row),
  ]);
  assert.deepEqual(shown, [
    ['Images', 2, 1, 1000, '500B (50%)'],
    ['Containers', 2, 1, 40, '10B (25%)'],
    ['Local Volumes', 2, 1, 10, '7B (70%)'],
    ['Build Cache', 0, 0, 0, '0B'],
  ]);
});
