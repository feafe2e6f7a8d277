import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { Events } from '../helpers/events.js';
import { captureHost } from '../helpers/host-state.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const policy = (Name: string, MaximumRetryCount = 0) => ({
  HostConfig: { RestartPolicy: { Name, MaximumRetryCount } },
});
const sleeper = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];

/** Starts a container and gives its events up to the one that fits, and what it is then. */
async function startAndListen(cmd: string[], config: object, last: (seen: Events) => Promise<unknown>) {
  const id = await engine.create({ Cmd: cmd, ...config });
  const events = await Events.listen(engine.api, { container: [id] });
  await engine.start(id);
  await last(events);
  return { id, events };
}

describe('restart policies', () => {
  test('on-failure starts again as often as it may, and no more', async () => {
    const { id, events } = await startAndListen(['sh', '-c', 'exit 3'], policy('on-failure', 2), (e) =>
      e.count('die', 3),
    );
    const { State, RestartCount, HostConfig } = await until('it stays ended', async () => {
      const now = await engine.inspect(id);
      return now.State.Status === 'exited' ? now : undefined;
    });
    events.leave();
    assert.deepEqual([State.Status, State.ExitCode, RestartCount], ['exited', 3, 2]);
    assert.deepEqual(HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 });
    assert.deepEqual(events.actions(), ['start', 'die', 'start', 'die', 'start', 'die']);
  });

  test('on-failure leaves what has ended well', async () => {
    const id = await engine.create({ Cmd: ['true'], ...policy('on-failure') });
    await engine.start(id);
    assert.equal(await engine.wait(id), 0);
    assert.equal((await engine.inspect(id)).State.Status, 'exited');
  });

  test('while it waits it counts as running, and answers so', async () => {
    const { id, events } = await startAndListen(['sh', '-c', 'exit 4'], policy('always'), (e) => e.count('die', 3));
    events.leave();
    const restarting = await until('it waits', async () => {
      const now = await engine.inspect(id);
      return now.State.Restarting ? now : undefined;
    });
    assert.deepEqual(
      [restarting.State.Status, restarting.State.Running, restarting.State.Pid, restarting.State.ExitCode],
      ['restarting', true, 0, 4],
    );
    // The wait lasts longer than these calls take: at the third time it is 400 ms, and doubles.
    const path = `/containers/${id}`;
    await refused(
      engine.api.delete(path),
      409,
      /container is restarting: stop the container before removing or force remove/,
    );
    assert.equal((await engine.api.post(`${path}/start`)).status, 304);
    await ok(engine.api.post(`${path}/stop`), 204);
    const stopped = await engine.inspect(id);
    assert.deepEqual([stopped.State.Status, stopped.State.ExitCode, stopped.State.Running], ['exited', 4, false]);
    await ok(engine.api.post(`${path}/start`), 204);
    await until('it is restarted, counted from nothing', async () => (await engine.inspect(id)).RestartCount === 1);
    await engine.remove(id);
  });

  test('stop, kill and their signals are meant; other ends are not', async () => {
    const id = await engine.create({ Cmd: sleeper, ...policy('always') });
    const events = await Events.listen(engine.api, { container: [id] });
    await engine.start(id);
    process.kill((await engine.inspect(id)).State.Pid, 'SIGKILL');
    await events.count('start', 2);
    assert.equal((await engine.inspect(id)).RestartCount, 1);
    for (const verb of ['stop', 'kill', 'kill?signal=TERM', 'stop?t=0']) {
      await ok(engine.api.post(`/containers/${id}/${verb}`), 204);
      await engine.wait(id);
      assert.equal((await engine.inspect(id)).State.Status, 'exited', verb);
      await engine.start(id);
      assert.equal((await engine.inspect(id)).RestartCount, 0);
    }
    events.leave();
    await engine.remove(id);
  });

  test('who waits for the end is told of the first', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'exit 5'], ...policy('always') });
    const wait = engine.api.post(`/containers/${id}/wait?condition=next-exit`);
    await engine.start(id);
    assert.deepEqual((await wait).json(), { StatusCode: 5 });
    await engine.remove(id);
  });

  test('policies that are none are refused', async () => {
    const create = (body: object) =>
      engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], ...body });
    await refused(create(policy('foo')), 400, /^invalid restart policy: unknown policy 'foo'; use one of/);
    await refused(
      create(policy('always', 2)),
      400,
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
    await refused(
      create(policy('on-failure', -1)),
      400,
      'invalid restart policy: maximum retry count cannot be negative',
    );
    await refused(
      create({ HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } }),
      400,
      "can't create 'AutoRemove' container with restart policy",
    );
  });

  test('the stop signal and its time: the container’s own, and those of the request', async () => {
    // It takes a moment to end: who is killed at once does not get there.
    const slow = ['sh', '-c', 'trap "sleep 0.5; exit 9" TERM INT; echo up; while :; do sleep 0.05; done'];
    const stopped = async (config: object, query: Record<string, string | number> = {}) => {
      const id = await engine.create({ Cmd: slow, ...config });
      const stream = await engine.attach(id, { stream: 1, stdout: 1 });
      const events = await Events.listen(engine.api, { container: [id], event: ['kill', 'die'] });
      await engine.start(id);
      await stream.waitFor('up');
      await ok(engine.api.post(`/containers/${id}/stop`, undefined, query), 204);
      const signals = (await events.count('die')).filter(({ Action }) => Action === 'kill');
      events.leave();
      stream.vanish();
      const code = await engine.wait(id);
      await engine.remove(id);
      return [code, ...signals.map(({ Actor }) => Actor.Attributes.signal)];
    };
    assert.deepEqual(await stopped({}), [9, '15']);
    assert.deepEqual(await stopped({ StopTimeout: 0 }), [137, '15', '9']);
    assert.deepEqual(await stopped({ StopTimeout: -1, StopSignal: 'INT' }), [9, '2']);
    assert.deepEqual(await stopped({ StopTimeout: 0 }, { t: -1 }), [9, '15']);
    assert.deepEqual(await stopped({ StopTimeout: 100 }, { t: 0, signal: 'INT' }), [137, '2', '9']);
  });

  test('restart keeps a container that --rm would have removed', async () => {
    const id = await engine.create({ Cmd: sleeper, HostConfig: { AutoRemove: true } });
    await engine.start(id);
    await ok(engine.api.post(`/containers/${id}/restart`), 204);
    assert.equal((await engine.inspect(id)).State.Status, 'running');
    const removed = engine.api.post(`/containers/${id}/wait?condition=removed`);
    await ok(engine.api.post(`/containers/${id}/stop`), 204);
    await removed;
    await refused(engine.api.get(`/containers/${id}/json`), 404, /^No such container/);
  });
});

describe('restart policies and the daemon', { skip: !engine.own }, () => {
  test('a new daemon starts what is to run, and leaves what was stopped', async () => {
    const daemon = engine.daemon!;
    const make = async (name: string, cmd = sleeper) => {
      const id = await engine.create({ Cmd: cmd, ...policy(name) }, uniqueName(name));
      await engine.start(id);
      return id;
    };
    const [always, unless, stoppedAlways, stoppedUnless, failing, no] = await Promise.all(
      ['always', 'unless-stopped', 'always', 'unless-stopped', 'on-failure', 'no'].map((name) => make(name)),
    );
    const never = await engine.create({ Cmd: sleeper, ...policy('always') });
    for (const id of [stoppedAlways, stoppedUnless]) await ok(engine.api.post(`/containers/${id}/stop`), 204);
    const pids = await Promise.all(
      [always, unless, failing, no].map(async (id) => (await engine.inspect(id!)).State.Pid),
    );
    await daemon.kill9();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await daemon.launch();
    const running = async (id: string) => (await engine.inspect(id)).State.Running;
    for (const id of [always, unless, stoppedAlways, failing]) await until('it runs again', () => running(id!));
    const status = async (id: string) => (await engine.inspect(id)).State.Status;
    assert.deepEqual(await Promise.all([stoppedUnless, no, never].map((id) => status(id!))), [
      'exited',
      'exited',
      'created',
    ]);
    for (const id of [always, unless, stoppedAlways, failing]) await engine.remove(id!);
  });

  test('a restart of the machine: nothing of /run is left, and everything has ended', async () => {
    const daemon = engine.daemon!;
    const names = ['always', 'unless-stopped', 'on-failure', 'no'];
    const ids = await Promise.all(names.map((name) => engine.launch({ Cmd: sleeper, ...policy(name) })));
    const processes = captureHost(daemon).processes.map((line) => Number(line.split(' ')[0]));
    await daemon.kill9();
    for (const pid of processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended with another
      }
    }
    await until('all have ended', () => processes.every((pid) => !existsSync(`/proc/${pid}`)));
    const bundles = join(daemon.execRoot, 'x/containers');
    for (const name of readdirSync(bundles)) rmSync(join(bundles, name), { recursive: true });
    await daemon.launch();
    for (const id of ids.slice(0, 3)) {
      await until('it runs again', async () => (await engine.inspect(id)).State.Running);
    }
    const { State } = await engine.inspect(ids[3]!);
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 255]);
    for (const id of ids) await engine.remove(id);
  });

  test('one that waits for its restart when the daemon dies is restarted by the next', async () => {
    const daemon = engine.daemon!;
    const { id, events } = await startAndListen(['sh', '-c', 'exit 6'], policy('always'), (e) => e.count('die', 4));
    events.leave();
    await until('it waits', async () => (await engine.inspect(id)).State.Restarting);
    const before = (await engine.inspect(id)).RestartCount;
    await daemon.kill9();
    await daemon.launch();
    await until('it is restarted', async () => (await engine.inspect(id)).RestartCount > before);
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    assert.equal((await engine.inspect(id)).State.Status, 'exited');
    await engine.remove(id);
  });

  test('--rm: what has ended while no daemon ran is gone', async () => {
    const daemon = engine.daemon!;
    const id = await engine.create({ Cmd: sleeper, HostConfig: { AutoRemove: true } });
    await engine.start(id);
    const { Pid } = (await engine.inspect(id)).State;
    await daemon.kill9();
    process.kill(Pid, 'SIGKILL');
    await daemon.launch();
    await until('it is gone', async () => (await engine.api.get(`/containers/${id}/json`)).status === 404);
  });
});
