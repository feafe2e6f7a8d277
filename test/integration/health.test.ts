import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { Events } from '../helpers/events.js';
import type { ContainerSummary } from '../helpers/types.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const MS = 1_000_000;

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

const check = (Test: string[], more: object = {}) => ({
  Cmd: ['sleep', '600'],
  Healthcheck: { Test, Interval: 50 * MS, Timeout: 5000 * MS, Retries: 2, ...more },
});

async function health(id: string): Promise<Health | undefined> {
  return ((await engine.inspect(id)).State as unknown as { Health?: Health }).Health;
}

const becomes = (id: string, status: string): Promise<Health> =>
  until(`it is ${status}`, async () => {
    const now = await health(id);
    return now?.Status === status ? now : undefined;
  });

async function listed(id: string, filters: object = {}): Promise<ContainerSummary | undefined> {
  const query = { all: 1, filters: JSON.stringify({ id: [id], ...filters }) };
  return (await ok<ContainerSummary[]>(engine.api.get('/containers/json', query)))[0];
}

describe('health checks', () => {
  test('starting, unhealthy, healthy: in inspect, lists, filters and events', async () => {
    const id = await engine.create(check(['CMD-SHELL', 'echo out; echo err >&2; test -e /well']));
    const events = await Events.listen(engine.api, { container: [id] });
    assert.equal(await health(id), undefined);
    await engine.start(id);
    assert.match((await listed(id))?.Status ?? '', /^Up .* \((health: starting|unhealthy)\)$/);
    const { FailingStreak, Log } = await becomes(id, 'unhealthy');
    assert.ok(FailingStreak >= 2);
    assert.equal(Log[0]?.ExitCode, 1);
    assert.equal(Log[0]?.Output.split('\n').sort().join(), ',err,out');
    assert.ok(Log[0]!.Start < Log[0]!.End);
    assert.match((await listed(id))?.Status ?? '', /^Up .* \(unhealthy\)$/);
    assert.ok(await listed(id, { health: ['unhealthy'] }));
    assert.equal(await listed(id, { health: ['healthy', 'none'] }), undefined);
    await engine.exec(id, ['touch', '/well']);
    await becomes(id, 'healthy');
    await events.count('health_status: healthy');
    await until('five results are kept', async () => (await health(id))?.Log.length === 5);
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    assert.equal((await health(id))?.Status, 'unhealthy');
    await events.count('die');
    events.leave();
    const actions = events.actions();
    assert.equal(actions.indexOf('health_status: unhealthy') < actions.indexOf('health_status: healthy'), true);
    const created = actions.findIndex((action) => action.startsWith('exec_create: /bin/sh -c echo out'));
    assert.match(actions[created + 1] ?? '', /^exec_start: \/bin\/sh -c echo out/);
    assert.equal(actions[created + 2], 'exec_die');
    // Nothing goes on behind its end.
    await engine.start(id);
    assert.equal((await health(id))?.FailingStreak, 0);
    await engine.remove(id);
  });

  test('CMD is run as it is, with user, environment and directory of the container', async () => {
    const id = await engine.create({
      ...check(['CMD', 'sh', '-c', 'echo $(id -u) $(pwd) $A']),
      ...{ User: '1234', WorkingDir: '/tmp', Env: ['A=b c'] },
    });
    await engine.start(id);
    assert.equal((await becomes(id, 'healthy')).Log[0]?.Output, '1234 /tmp b c\n');
    await engine.remove(id);
  });

  test('a check that hangs is killed at its time, with what it has started', async () => {
    const id = await engine.create(
      check(['CMD-SHELL', 'echo begun; sleep 1111; echo never'], { Timeout: 100 * MS, Retries: 1 }),
    );
    await engine.start(id);
    const { Log } = await becomes(id, 'unhealthy');
    assert.equal(Log[0]?.ExitCode, -1);
    assert.equal(Log[0]?.Output, 'Health check exceeded timeout (100ms): begun\n');
    const left = await until('a moment without a check', async () => {
      const { stdout } = await engine.exec(id, ['sh', '-c', 'grep -l 1111 /proc/[0-9]*/cmdline 2>/dev/null | wc -l']);
      return Number(stdout) <= 2 ? stdout : undefined;
    });
    assert.ok(left);
    await engine.remove(id);
  });

  test('a command that is not there, and much output', async () => {
    const none = await engine.create(check(['CMD', '/no/such'], { Retries: 1 }));
    const loud = await engine.create(check(['CMD-SHELL', 'yes | head -c 100000']));
    await Promise.all([engine.start(none), engine.start(loud)]);
    const failed = (await becomes(none, 'unhealthy')).Log[0];
    assert.equal(failed?.ExitCode, -1);
    assert.match(failed?.Output ?? '', /\/no\/such.*no such file or directory/);
    assert.equal((await becomes(loud, 'healthy')).Log[0]?.Output, `${'y\n'.repeat(2048)}...`);
    await Promise.all([engine.remove(none), engine.remove(loud)]);
  });

  test('within the start period failures do not count', async () => {
    const id = await engine.create(
      check(['CMD', 'false'], {
        Interval: 3_600_000 * MS,
        StartPeriod: 3_600_000 * MS,
        StartInterval: 20 * MS,
        Retries: 1,
      }),
    );
    await engine.start(id);
    await until('it has been checked some times', async () => ((await health(id))?.Log ?? []).length >= 3);
    const { Status, FailingStreak } = (await health(id))!;
    assert.deepEqual([Status, FailingStreak], ['starting', 0]);
    await engine.remove(id);
  });

  test('while it is paused nothing is checked, and nothing counts', async () => {
    const id = await engine.create(check(['CMD', 'sleep', '0.3'], { Timeout: 10_000 * MS, Interval: 1 * MS }));
    const events = await Events.listen(engine.api, { container: [id] });
    await engine.start(id);
    await events.count('exec_die');
    await ok(engine.api.post(`/containers/${id}/pause`), 204);
    const count = (await health(id))!.Log.length;
    const actions = events.actions().length;
    assert.match((await listed(id))?.Status ?? '', /\(Paused\)$/);
    await engine.run(['sleep', '0.5']);
    assert.equal((await health(id))?.Log.length, count);
    assert.ok(events.actions().length <= actions + 2, events.actions().join());
    await ok(engine.api.post(`/containers/${id}/unpause`), 204);
    await until('it is checked again', async () => (await health(id))!.Log.length > count);
    assert.equal((await health(id))?.Status, 'healthy');
    events.leave();
    await engine.remove(id);
  });

  test('NONE, and what is no check', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], Healthcheck: { Test: ['NONE'] } });
    assert.equal(await health(id), undefined);
    assert.ok(await listed(id, { health: ['none'] }));
    const create = (Healthcheck: object) => engine.api.post('/containers/create', { Image: engine.image, Healthcheck });
    await refused(create({ Test: ['CMD', 'x'], Interval: 1 }), 400, 'Interval in Healthcheck cannot be less than 1ms');
    await refused(create({ Test: ['CMD', 'x'], Retries: -1 }), 400, 'Retries in Healthcheck cannot be negative');
    if (engine.own)
      await refused(create({ Test: ['curl'] }), 400, /unknown type "curl": use one of NONE, CMD or CMD-SHELL/);
  });

  test('it goes on with the next daemon, with what is known', { skip: !engine.own }, async () => {
    const id = await engine.create(check(['CMD-SHELL', 'echo $$; test ! -e /ill']));
    await engine.start(id);
    const before = await becomes(id, 'healthy');
    await engine.daemon!.kill9();
    await engine.daemon!.launch();
    const after = (await health(id))!;
    assert.equal(after.Status, 'healthy');
    assert.ok(after.Log.some(({ Start }) => Start === before.Log[0]!.Start));
    await engine.exec(id, ['touch', '/ill']);
    await becomes(id, 'unhealthy');
    await engine.remove(id);
  });
});
