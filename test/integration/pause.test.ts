import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { frozen, unified, writeCgroup } from '../helpers/cgroup.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { actionsOf } from '../helpers/events.js';
import type { ContainerSummary } from '../helpers/types.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const pause = (id: string) => ok(engine.api.post(`/containers/${id}/pause`), 204);
const unpause = (id: string) => ok(engine.api.post(`/containers/${id}/unpause`), 204);
const SLEEP = { Cmd: ['sleep', '600'] };

/** A container that is paused; one with a command of its own has said something before. */
async function paused(config: Record<string, unknown> = SLEEP): Promise<{ id: string; pid: number }> {
  const id = await engine.launch(config);
  if (config.Cmd !== SLEEP.Cmd) await until('it speaks', async () => (await engine.logs(id)).stdout !== '');
  const { Pid } = (await engine.inspect(id)).State;
  await pause(id);
  return { id, pid: Pid };
}

describe('pause and unpause', () => {
  test('every process stands still, the state says so, and all go on', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'sleep 600 & while :; do :; done'] });
    const { Pid } = (await engine.inspect(id)).State;
    await pause(id);
    assert.ok(frozen(Pid));
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, State.Running, State.Paused, State.Pid], ['paused', true, true, Pid]);
    const [row] = await ok<ContainerSummary[]>(
      engine.api.get('/containers/json', { filters: JSON.stringify({ status: ['paused'] }) }),
    );
    assert.match(row!.Status, /^Up .* \(Paused\)$/);
    await unpause(id);
    assert.ok(!frozen(Pid));
    assert.equal((await engine.inspect(id)).State.Status, 'running');
    assert.deepEqual((await actionsOf(engine.api, id)).slice(-2), ['pause', 'unpause']);
  });

  test('each is refused where there is nothing to do', async () => {
    const name = uniqueName();
    const id = await engine.create(SLEEP, name);
    await refused(engine.api.post(`/containers/${name}/pause`), 409, `container ${id} is not running`);
    await refused(engine.api.post(`/containers/${name}/unpause`), 500, `Container ${id} is not paused`);
    await engine.start(id);
    await refused(engine.api.post(`/containers/${name}/unpause`), 500, `Container ${id} is not paused`);
    await pause(id);
    await refused(engine.api.post(`/containers/${name}/pause`), 409, `Container ${id} is already paused`);
    await refused(engine.api.post('/containers/nosuch/pause'), 404, 'No such container: nosuch');
  });

  test('nothing starts in a paused container', async () => {
    const { id } = await paused();
    await refused(
      engine.api.post(`/containers/${id}/start`),
      409,
      'cannot start a paused container, try unpause instead',
    );
    await refused(
      engine.api.post(`/containers/${id}/exec`, { Cmd: ['true'] }),
      409,
      `Container ${id} is paused, unpause the container before exec`,
    );
  });

  test('an exec from before the pause is not started in it', async () => {
    const id = await engine.launch(SLEEP);
    const exec = await engine.createExec(id, ['true']);
    await pause(id);
    await refused(
      engine.api.post(`/exec/${exec}/start`, { Detach: true }),
      409,
      `Container ${id} is paused, unpause the container before exec`,
    );
  });

  test('execs that are just being started have begun before the pause', async () => {
    const id = await engine.launch(SLEEP);
    const execs = await Promise.all(Array.from({ length: 10 }, () => engine.createExec(id, ['sleep', '600'])));
    const starts = execs.map((exec) => engine.api.post(`/exec/${exec}/start`, { Detach: true }));
    await pause(id);
    for (const reply of await Promise.all(starts)) assert.ok([200, 409].includes(reply.status), reply.text);
    await unpause(id);
    const { exitCode } = await engine.exec(id, ['true']);
    assert.equal(exitCode, 0);
  });
});

describe('what ends a paused container', () => {
  test('kill', async () => {
    const { id } = await paused();
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, State.Paused, State.ExitCode], ['exited', false, 137]);
    assert.deepEqual((await actionsOf(engine.api, id)).slice(-3), ['pause', 'kill', 'die']);
  });

  test('another signal wakes it, unless its stop signal is another one', async () => {
    const { id, pid } = await paused({
      Cmd: ['sh', '-c', 'trap "exit 7" USR1; echo ready; while :; do sleep 1; done'],
    });
    await ok(engine.api.post(`/containers/${id}/kill`, undefined, { signal: 'URG' }), 204);
    assert.ok(!frozen(pid));
    assert.deepEqual((await actionsOf(engine.api, id)).slice(-2), ['kill', 'unpause']);
    const other = await paused({ ...SLEEP, StopSignal: 'SIGUSR1' });
    await ok(engine.api.post(`/containers/${other.id}/kill`, undefined, { signal: 'URG' }), 204);
    assert.ok(frozen(other.pid));
  });

  test('stop, which its stop signal reaches', async () => {
    const { id } = await paused({ Cmd: ['sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'] });
    await ok(engine.api.post(`/containers/${id}/stop`), 204);
    assert.equal((await engine.inspect(id)).State.ExitCode, 7);
  });

  test('restart, after which it runs', async () => {
    const { id } = await paused();
    await ok(engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 }), 204);
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, frozen(State.Pid)], ['running', false]);
  });

  test('removal by force, and only by force', async () => {
    const { id } = await paused();
    await refused(
      engine.api.delete(`/containers/${id}`),
      409,
      `cannot remove container "${id}": container is paused and must be unpaused first`,
    );
    await engine.remove(id);
  });

  test('a kill at the same moment as a pause', async () => {
    for (let i = 0; i < 20; i++) {
      const id = await engine.launch(SLEEP);
      const verbs = i % 2 ? ['pause', 'kill'] : ['kill', 'pause'];
      const replies = await Promise.all(verbs.map((verb) => engine.api.post(`/containers/${id}/${verb}`)));
      assert.equal(replies[verbs.indexOf('kill')]!.status, 204);
      assert.equal((await engine.inspect(id)).State.Status, 'exited');
    }
  });
});

describe('without the daemon', () => {
  test('a paused container stays paused over its death, and goes on afterwards', async () => {
    const daemon = engine.daemon!;
    const { id, pid } = await paused();
    const running = await engine.launch(SLEEP);
    await daemon.kill9();
    assert.ok(frozen(pid));
    await daemon.launch();
    assert.equal((await engine.inspect(id)).State.Status, 'paused');
    assert.equal((await engine.inspect(running)).State.Status, 'running');
    await unpause(id);
    assert.equal((await engine.exec(id, ['echo', 'on'])).stdout, 'on\n');
  });

  test('the kernel is believed where the store says another thing', async () => {
    const daemon = engine.daemon!;
    const { id, pid } = await paused();
    await daemon.kill9();
    if (unified) writeCgroup(pid, 'freezer', 'cgroup.freeze', '0');
    else writeCgroup(pid, 'freezer', 'freezer.state', 'THAWED');
    await daemon.launch();
    assert.equal((await engine.inspect(id)).State.Status, 'running');
  });

  test('the shim of a paused container is killed: it has ended, and nothing is left', async () => {
    const { id, pid } = await paused();
    const shim = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
    process.kill(shim, 'SIGKILL');
    assert.equal(await engine.wait(id), 137);
    await engine.remove(id);
  });
});
