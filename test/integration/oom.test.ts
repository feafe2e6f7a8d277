import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { unified } from '../helpers/cgroup.js';
import { Engine } from '../helpers/engine.js';
import { actionsOf, Events } from '../helpers/events.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const HostConfig = { Memory: 16 << 20, MemorySwap: 16 << 20 };
const ooms = async (id: string) => (await actionsOf(engine.api, id)).filter((action) => action === 'oom').length;

describe('out of memory', () => {
  test('the command is the victim: 137, an event before its end, and inspect says so', async () => {
    const id = await engine.launch({ Cmd: ['tail', '/dev/zero'], HostConfig });
    assert.equal(await engine.wait(id), 137);
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.OOMKilled, State.ExitCode], [true, 137]);
    assert.deepEqual(await actionsOf(engine.api, id), ['create', 'start', 'oom', 'die']);
  });

  test('a child is the victim: told at once, while the container goes on to another end', async () => {
    const script = 'tail /dev/zero; echo child $?; sleep 600';
    const id = await engine.create({ Cmd: ['sh', '-c', script], HostConfig });
    const events = await Events.listen(engine.api, { container: [id] });
    await engine.start(id);
    await events.count('oom');
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, State.OOMKilled], ['running', true]);
    await until('the child has ended', async () => (await engine.logs(id)).stdout === 'child 137\n');
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    const ended = (await engine.inspect(id)).State;
    assert.deepEqual([ended.Status, ended.OOMKilled, ended.ExitCode], ['exited', true, 137]);
    events.leave();
    assert.equal(await ooms(id), 1);
  });

  test('an exec is the victim', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig });
    assert.equal((await engine.exec(id, ['tail', '/dev/zero'])).exitCode, 137);
    await until('it is told', async () => (await engine.inspect(id)).State.OOMKilled);
    assert.equal((await engine.inspect(id)).State.Status, 'running');
  });

  test('the next start begins anew', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'test -e /ran && exit 0; touch /ran; tail /dev/zero'],
      HostConfig,
    });
    await engine.wait(id);
    assert.equal((await engine.inspect(id)).State.OOMKilled, true);
    await engine.start(id);
    assert.equal(await engine.wait(id), 0);
    assert.equal((await engine.inspect(id)).State.OOMKilled, false);
  });

  test('no event where memory is merely at its limit', async () => {
    const script = 'dd if=/dev/zero of=/file bs=1M count=64 2>/dev/null; echo done';
    const { id, stdout } = await engine.run(['sh', '-c', script], { HostConfig });
    assert.equal(stdout, 'done\n');
    assert.equal(await ooms(id), 0);
  });

  test('without a daemon: the next one knows it', async () => {
    const daemon = engine.daemon;
    if (!daemon) return;
    const go = join(daemon.home, 'go');
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'while [ ! -e /h/go ]; do sleep 0.01; done; tail /dev/zero'],
      HostConfig: { ...HostConfig, Binds: [`${daemon.home}:/h`] },
    });
    const { Pid } = (await engine.inspect(id)).State;
    await daemon.kill9();
    writeFileSync(go, '');
    await until('it has ended', () => !existsSync(`/proc/${Pid}`));
    await daemon.launch();
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, State.ExitCode, State.OOMKilled], ['exited', 137, true]);
  });
});

test('the OOM killer can be switched off, where the kernel has a switch', async () => {
  const body = {
    Image: engine.image,
    Cmd: ['sh', '-c', unified ? 'true' : 'cat /sys/fs/cgroup/memory/memory.oom_control'],
    HostConfig: { ...HostConfig, NetworkMode: 'none', OomKillDisable: true },
  };
  const { Id, Warnings } = await ok<{ Id: string; Warnings: string[] }>(
    engine.api.post('/containers/create', body),
    201,
  );
  engine.adopt(Id);
  await engine.start(Id);
  await engine.wait(Id);
  if (unified) {
    assert.deepEqual(Warnings, ['Your kernel does not support OomKillDisable. OomKillDisable discarded.']);
    assert.equal((await engine.inspect(Id)).HostConfig.OomKillDisable, null);
  } else {
    assert.deepEqual(Warnings, []);
    assert.match((await engine.logs(Id)).stdout, /^oom_kill_disable 1$/m);
  }
});
