import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStats } from '@tinydocker/shared/api/stats.js';
import { printList } from '../../output/list-format.js';
import { cpuPercent, memoryUsed, statsRows } from './stats-row.js';

const stats = {
  pids_stats: { current: 7 },
  cpu_stats: { cpu_usage: { total_usage: 3e9 }, system_cpu_usage: 20e9, online_cpus: 4 },
  precpu_stats: { cpu_usage: { total_usage: 1e9 }, system_cpu_usage: 12e9 },
  memory_stats: { usage: 600_000, limit: 2 ** 30, stats: { total_inactive_file: 75_712, inactive_file: 1 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: 'Read', value: 1000 },
      { major: 8, minor: 0, op: 'Write', value: 3_145_728 },
      { major: 8, minor: 0, op: 'Total', value: 9 },
      { major: 9, minor: 0, op: 'read', value: 500 },
    ],
  },
} as unknown as ContainerStats;

test('the share of a CPU, and of several', () => {
  assert.equal(cpuPercent(stats), 100);
  assert.equal(cpuPercent({ ...stats, precpu_stats: stats.cpu_stats }), 0);
});

test('memory without the cache that could be given back', () => {
  assert.equal(memoryUsed(stats), 524_288);
  const v2 = { ...stats, memory_stats: { usage: 100, stats: { inactive_file: 40 } } };
  assert.equal(memoryUsed(v2), 60);
  assert.equal(memoryUsed({ ...stats, memory_stats: {} }), 0);
});

test('a row, and one that knows nothing yet', () => {
  let text = '';
  const out = { isTerminal: false, write: (data: string | Uint8Array) => (text += data) };
  const rows = [
    { container: 'a', id: 'f'.repeat(64), name: 'web', stats },
    { container: 'b', id: '', name: '', stats: undefined },
  ];
  const template =
    '{{.Container}} {{.ID}} {{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}';
  printList(out, statsRows(true), rows, template);
  assert.equal(
    text,
    'a ffffffffffff web 100.00% 512KiB / 1GiB 0.05% 0B / 0B 1.5kB / 3.15MB 7\nb  -- -- -- / -- -- -- -- --\n',
  );
});
