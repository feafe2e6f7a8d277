import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { assertUnchanged, captureHost, type HostState } from '../helpers/host-state.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
const daemon = engine.daemon!;
after(() => engine.close());

/** The shim of a container: the process that carries its id among its arguments. */
function shimOf(id: string): number {
  const line = captureHost(daemon).processes.find((process) => / td-shim /.test(process) && process.includes(id));
  assert.ok(line, `no shim of ${id} in\n${captureHost(daemon).processes.join('\n')}`);
  return Number(line.split(' ')[0]);
}

/** The container is reported dead, its processes and everything of it in the kernel are gone. */
async function isGone(id: string, pid: number, before: HostState): Promise<void> {
  await until('the container is reported dead', async () => !(await engine.inspect(id)).State.Running);
  const { State } = await engine.inspect(id);
  assert.match(State.Status, /^(exited|dead)$/);
  assert.equal(State.ExitCode, 137);
  assert.equal(State.Pid, 0);
  await until('its process has ended', () => !existsSync(`/proc/${pid}`));
  await assertUnchanged(daemon, before, { view: (state) => ({ ...state, descriptors: [] }) });
}

test('kill -9 of a shim: the container is dead and nothing of it is left', async () => {
  await engine.run(['true']);
  const id = await engine.create({ Cmd: ['sh', '-c', 'sleep 600 & sleep 600'], OpenStdin: true });
  const before = captureHost(daemon);
  await engine.start(id);
  const stream = await engine.attach(id);
  const waiting = engine.wait(id);
  const { Pid } = (await engine.inspect(id)).State;
  process.kill(shimOf(id), 'SIGKILL');
  assert.equal(await waiting, 137);
  await stream.finished();
  await isGone(id, Pid, before);
  // It can be started again, and removed.
  await engine.start(id);
  assert.equal((await engine.inspect(id)).State.Running, true);
  await engine.remove(id);
});

test('with an exec inside', async () => {
  const id = await engine.create({ Cmd: ['sleep', '600'] });
  const before = captureHost(daemon);
  await engine.start(id);
  const exec = await engine.createExec(id, ['sh', '-c', 'echo ready; sleep 600']);
  const stream = await engine.startExec(exec);
  await stream.waitFor('ready');
  const { Pid } = (await engine.inspect(id)).State;
  process.kill(shimOf(id), 'SIGKILL');
  await stream.finished();
  await isGone(id, Pid, before);
  await until('the exec has ended', async () => {
    const reply = await engine.api.get(`/exec/${exec}/json`);
    return reply.status === 404 || !reply.json<{ Running: boolean }>().Running;
  });
});

test('while no daemon runs: the next one finds out', async () => {
  const id = await engine.create({ Cmd: ['sleep', '600'] });
  const before = captureHost(daemon);
  await engine.start(id);
  const { Pid } = (await engine.inspect(id)).State;
  const shim = shimOf(id);
  await daemon.kill9();
  process.kill(shim, 'SIGKILL');
  await until('the shim has ended', () => !existsSync(`/proc/${shim}`));
  await daemon.launch();
  await isGone(id, Pid, before);
  await engine.start(id);
  await engine.remove(id);
});

test('others do not notice', async () => {
  const [dies, lives] = [
    await engine.launch({ Cmd: ['sleep', '600'] }),
    await engine.launch({ Cmd: ['cat'], OpenStdin: true }),
  ];
  const stream = await engine.attach(lives);
  process.kill(shimOf(dies), 'SIGKILL');
  assert.equal(await engine.wait(dies), 137);
  stream.write('still here\n');
  await stream.waitFor('still here\n');
  stream.vanish();
});

test('a shim that does not answer any more holds nobody up, and is ended with its container by force', async () => {
  const [hangs, other] = [
    await engine.launch({ Cmd: ['sh', '-c', 'sleep 600 & sleep 600'] }),
    await engine.launch({ Cmd: ['cat'], OpenStdin: true }),
  ];
  const shim = shimOf(hangs);
  const { Pid } = (await engine.inspect(hangs)).State;
  process.kill(shim, 'SIGSTOP');
  try {
    const removed = engine.remove(hangs);
    // Meanwhile everything else goes on.
    const stream = await engine.attach(other);
    stream.write('still here\n');
    await stream.waitFor('still here\n');
    stream.vanish();
    assert.equal((await engine.inspect(hangs)).State.Running, true);
    assert.equal((await engine.run(['echo', 'new'])).stdout, 'new\n');
    await removed;
    await until('shim and container have ended', () => ![shim, Pid].some((pid) => existsSync(`/proc/${pid}`)));
  } finally {
    if (existsSync(`/proc/${shim}`)) process.kill(shim, 'SIGCONT');
  }
});

test('kill and stop end it too', async () => {
  for (const verb of ['kill', 'stop?t=0']) {
    const id = await engine.create({ Cmd: ['sleep', '600'] });
    const before = captureHost(daemon);
    await engine.start(id);
    const { Pid } = (await engine.inspect(id)).State;
    process.kill(shimOf(id), 'SIGSTOP');
    assert.equal((await engine.api.post(`/containers/${id}/${verb}`)).status, 204);
    await isGone(id, Pid, before);
  }
});
