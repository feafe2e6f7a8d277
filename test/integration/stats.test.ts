import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { totalmem } from 'node:os';
import { after, describe, test } from 'node:test';
import { ok, type Query, refused } from '../helpers/api.js';
import { unified } from '../helpers/cgroup.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { captureHost } from '../helpers/host-state.js';
import { until, within } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

interface Cpu {
  cpu_usage: { total_usage: number; usage_in_usermode: number; percpu_usage?: number[] };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number };
}

interface Stats {
  name?: string;
  id?: string;
  read: string;
  preread: string;
  cpu_stats: Cpu;
  precpu_stats: Cpu;
  pids_stats: { current?: number; limit?: number };
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  blkio_stats: { io_service_bytes_recursive: { op: string; value: number }[] | null };
}

const ZERO = '0001-01-01T00:00:00Z';
const once = (id: string, query: Query = {}) =>
  ok<Stats>(engine.api.get(`/containers/${id}/stats`, { stream: false, ...query }), 200);

/** Follows a stream; `next` gives one value after the other, undefined at its end. */
async function follow(id: string) {
  const leave = new AbortController();
  const response: IncomingMessage = await engine.api.open('GET', `/containers/${id}/stats`, { signal: leave.signal });
  assert.match(response.headers['content-type'] ?? '', /^application\/json/);
  response.on('error', () => {});
  const lines = (async function* () {
    let rest = '';
    for await (const data of response) {
      const parts = (rest + data).split('\n');
      rest = parts.pop()!;
      for (const line of parts) yield JSON.parse(line) as Stats;
    }
  })();
  return {
    next: async () => (await within('stats', lines.next())).value as Stats | undefined,
    leave: () => leave.abort(),
  };
}

describe('stats', () => {
  test('one answer has two looks at the CPU, a second apart', async () => {
    const name = uniqueName();
    const script = 'while :; do :; done & sleep 600';
    const HostConfig = { Memory: 64 * 2 ** 20, PidsLimit: 50, NanoCpus: 5e8 };
    const id = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig }, name);
    const stats = await once(id);
    assert.deepEqual([stats.name, stats.id], [`/${name}`, id]);
    assert.ok(stats.preread < stats.read && stats.preread !== ZERO);
    const { cpu_stats: now, precpu_stats: before } = stats;
    assert.ok(now.cpu_usage.total_usage > before.cpu_usage.total_usage);
    assert.ok(now.system_cpu_usage! > before.system_cpu_usage!);
    assert.ok(now.cpu_usage.usage_in_usermode > 0 && now.throttling_data.periods > 0);
    assert.equal(now.cpu_usage.percpu_usage !== undefined, !unified);
    assert.ok(now.online_cpus! >= 1);
    assert.deepEqual(stats.pids_stats, { current: 2, limit: 50 });
    assert.equal(stats.memory_stats.limit, 64 * 2 ** 20);
    assert.ok(stats.memory_stats.usage! > 0);
    assert.ok((unified ? 'anon' : 'total_inactive_file') in stats.memory_stats.stats!);
  });

  test('a single look answers at once, without a name, and with the host’s memory for a limit', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const stats = await once(id, { 'one-shot': true });
    assert.deepEqual([stats.name, stats.preread, stats.precpu_stats.cpu_usage.total_usage], [undefined, ZERO, 0]);
    assert.deepEqual([stats.pids_stats, stats.memory_stats.limit], [{ current: 1 }, totalmem()]);
    assert.ok(stats.cpu_stats.cpu_usage.total_usage > 0);
  });

  test('what is read and written of disks', async () => {
    const script = 'dd if=/dev/zero of=/x bs=1M count=3 oflag=direct && echo done; sleep 600';
    const id = await engine.launch({ Cmd: ['sh', '-c', script] });
    await until('it has written', async () => (await engine.logs(id)).stdout.includes('done'));
    const { io_service_bytes_recursive: entries } = (await once(id, { 'one-shot': true })).blkio_stats;
    const written = entries!
      .filter(({ op }) => op.toLowerCase() === 'write')
      .reduce((sum, { value }) => sum + value, 0);
    assert.ok(written >= 3 * 2 ** 20, JSON.stringify(entries));
  });

  test('a container that does not run uses nothing', async () => {
    const name = uniqueName();
    const id = await engine.create({ Cmd: ['true'] }, name);
    for (const query of [{}, { 'one-shot': true }]) {
      const stats = await once(id, query);
      assert.deepEqual([stats.name, stats.id, stats.read], [`/${name}`, id, ZERO]);
      assert.deepEqual([stats.memory_stats, stats.pids_stats], [{}, {}]);
      assert.equal(stats.blkio_stats.io_service_bytes_recursive, null);
      assert.equal(stats.cpu_stats.system_cpu_usage, undefined);
    }
  });

  test('contradictions and unknown names are refused', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    await refused(
      engine.api.get(`/containers/${id}/stats`, { stream: true, 'one-shot': true }),
      400,
      'cannot have stream=true and one-shot=true',
    );
    await refused(engine.api.get('/containers/nosuch/stats'), 404, 'No such container: nosuch');
  });
});

describe('a stream of stats', () => {
  test('goes on over the end and the next start, each look compared with the one before, until the removal', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const stream = await follow(id);
    const first = (await stream.next())!;
    assert.deepEqual([first.preread, first.id], [ZERO, id]);
    const second = (await stream.next())!;
    assert.equal(second.preread, first.read);
    assert.deepEqual(second.precpu_stats, first.cpu_stats);
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    let stats = (await stream.next())!;
    while (stats.read !== ZERO) stats = (await stream.next())!;
    assert.deepEqual(stats.pids_stats, {});
    await engine.start(id);
    while (stats.read === ZERO) stats = (await stream.next())!;
    assert.deepEqual(stats.pids_stats, { current: 1 });
    await engine.remove(id);
    for (let last: Stats | undefined = stats; last !== undefined; ) last = await stream.next();
  });

  test('two clients of one container see the same looks', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const one = await follow(id);
    await one.next();
    const two = await follow(id);
    const [a, b] = [await one.next(), await two.next()];
    assert.equal(a!.read, b!.read);
    one.leave();
    const c = (await two.next())!;
    assert.equal(c.preread, b!.read);
    two.leave();
  });

  test('clients that vanish leave nothing behind', async () => {
    const daemon = engine.daemon;
    if (!daemon) return;
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const sockets = () => captureHost(daemon).descriptors.filter((what) => what.startsWith('socket')).length;
    const before = sockets();
    for (let round = 0; round < 20; round++) {
      const streams = await Promise.all(Array.from({ length: 10 }, () => follow(id)));
      for (const { leave } of streams) leave();
    }
    await until('their sockets are closed', () => sockets() <= before + 1);
  });
});
