import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatKeyed, hostCpu, NO_USAGE, usageV1, usageV2 } from './usage.js';

const host = { cpu: 5e12, cpus: 2, memory: 1e10 };
const from = (files: Record<string, string>) => (controller: string, file: string) => files[`${controller}/${file}`];

test('the host’s time is the sum of eight fields, in ns, without guests', () => {
  const stat =
    'cpu  10 20 30 40 50 60 70 80 900 900\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 1\ncpux 3\n';
  assert.deepEqual(hostCpu(stat), { cpu: 360e7, cpus: 2 });
});

test('flat keyed files: negative and malformed lines do no harm', () => {
  assert.deepEqual(
    [...flatKeyed('a 1\nb 22\n\nodd')],
    [
      ['a', 1],
      ['b', 22],
    ],
  );
  assert.equal(flatKeyed(undefined).size, 0);
});

test('version 1', () => {
  const usage = usageV1(
    from({
      'pids/pids.current': '3',
      'pids/pids.max': '50',
      'cpuacct/cpuacct.usage': '31729509',
      'cpuacct/cpuacct.usage_percpu': '24712505 7017004',
      'cpuacct/cpuacct.stat': 'user 4\nsystem 2',
      'cpu/cpu.stat': 'nr_periods 9\nnr_throttled 3\nthrottled_time 123456',
      'memory/memory.usage_in_bytes': '3661824',
      'memory/memory.max_usage_in_bytes': '5353472',
      'memory/memory.failcnt': '0',
      'memory/memory.limit_in_bytes': '67108864',
      'memory/memory.stat': 'cache 10\nshmem 4\nrss 20\ntotal_cache 30\nhierarchical_memory_limit 67108864',
      'blkio/blkio.throttle.io_service_bytes_recursive': '254:0 Read 4096\n254:0 Write 0\nTotal 4096',
      'blkio/blkio.throttle.io_serviced_recursive': 'Total 0',
    }),
    host,
  );
  assert.deepEqual(usage.pids_stats, { current: 3, limit: 50 });
  assert.deepEqual(usage.cpu_stats, {
    cpu_usage: {
      total_usage: 31729509,
      percpu_usage: [24712505, 7017004],
      usage_in_kernelmode: 20_000_000,
      usage_in_usermode: 40_000_000,
    },
    system_cpu_usage: 5e12,
    online_cpus: 2,
    throttling_data: { periods: 9, throttled_periods: 3, throttled_time: 123456 },
  });
  assert.deepEqual(usage.memory_stats, {
    usage: 3661824,
    max_usage: 5353472,
    failcnt: undefined,
    limit: 67108864,
    stats: { cache: 10, hierarchical_memory_limit: 67108864, rss: 20, total_cache: 30 },
  });
  assert.deepEqual(usage.blkio_stats.io_service_bytes_recursive, [
    { major: 254, minor: 0, op: 'Read', value: 4096 },
    { major: 254, minor: 0, op: 'Write', value: 0 },
  ]);
  assert.deepEqual([usage.blkio_stats.io_serviced_recursive, usage.blkio_stats.sectors_recursive], [[], []]);
});

test('version 2', () => {
  const usage = usageV2(
    from({
      'pids/pids.current': '1',
      'pids/pids.max': 'max',
      'cpu/cpu.stat': 'usage_usec 100\nuser_usec 70\nsystem_usec 30\nnr_periods 5\nnr_throttled 1\nthrottled_usec 8',
      'memory/memory.current': '4096',
      'memory/memory.max': 'max',
      'memory/memory.events': 'low 0\noom 2\noom_kill 1',
      'memory/memory.stat': 'anon 1\nfile 2\nnot_shown 3\ninactive_file 2',
      'io/io.stat': '254:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n7:0 ',
    }),
    host,
  );
  assert.deepEqual(usage.pids_stats, { current: 1, limit: undefined });
  assert.deepEqual(usage.cpu_stats.cpu_usage, {
    total_usage: 100_000,
    usage_in_kernelmode: 30_000,
    usage_in_usermode: 70_000,
  });
  assert.deepEqual(usage.cpu_stats.throttling_data, { periods: 5, throttled_periods: 1, throttled_time: 8000 });
  assert.deepEqual(usage.memory_stats, {
    usage: 4096,
    stats: { anon: 1, file: 2, inactive_file: 2 },
    failcnt: 2,
    limit: 1e10,
  });
  assert.deepEqual(usage.blkio_stats.io_service_bytes_recursive, [
    { major: 254, minor: 0, op: 'read', value: 10 },
    { major: 254, minor: 0, op: 'write', value: 20 },
  ]);
  assert.equal(usage.blkio_stats.io_serviced_recursive, null);
});

test('controllers that are not there leave their numbers out', () => {
  const nothing = () => undefined;
  assert.deepEqual(usageV2(nothing, host).memory_stats.limit, 1e10);
  assert.deepEqual(usageV1(nothing, host).pids_stats, { current: undefined, limit: undefined });
  assert.equal(usageV2(nothing, host).blkio_stats.io_service_bytes_recursive, null);
  assert.deepEqual(NO_USAGE.memory_stats, {});
});
