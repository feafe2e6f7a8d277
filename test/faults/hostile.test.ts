import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { within } from '../helpers/until.js';

// What is inside a container may be made to trap whoever reads it.
const engine = await Engine.open();
after(() => engine.close());

/** The rest of the engine answers while something in one container hangs, and that container can be taken away. */
async function othersGoOn(id: string): Promise<void> {
  await within(
    'the others',
    Promise.all([ok(engine.api.get('/containers/json')), engine.inspect(id), engine.run(['true'])]),
    10_000,
  );
  await within('the removal', engine.remove(id), 15_000);
}

describe('files that hang their reader', () => {
  test('a FIFO as /etc/passwd at start', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'rm /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group'],
      User: 'root',
    });
    await engine.start(id);
    await engine.wait(id);
    const again = engine.api.post(`/containers/${id}/start`);
    const reply = await within('an answer to the start', again, 10_000);
    assert.ok([204, 304, 400, 500].includes(reply.status), reply.text);
    await othersGoOn(id);
  });

  test('a FIFO as /etc/passwd at an exec', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'rm /etc/passwd; mkfifo /etc/passwd; echo ready; sleep 600'] });
    const exec = await engine.api.post(`/containers/${id}/exec`, { Cmd: ['id'], User: 'root', AttachStdout: true });
    if (exec.status === 201) {
      const { Id } = exec.json<{ Id: string }>();
      await within(
        'an answer to the exec',
        engine.startExec(Id).then((stream) => stream.finished()),
        10_000,
      );
    }
    await othersGoOn(id);
  });

  test('/etc/passwd that leads out of the container leads nowhere', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'ln -sf /proc/1/root/etc/shadow /etc/passwd; mkdir -p /x; sleep 600'],
    });
    await engine.exec(id, ['true'], { User: '5' });
    await othersGoOn(id);
  });
});

describe('processes that do not want to go', () => {
  test('a process that ignores everything is killed with its container', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'trap "" TERM INT HUP; (trap "" TERM; sleep 600) & while :; do sleep 600; done'],
    });
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    assert.equal((await engine.inspect(id)).State.ExitCode, 137);
  });

  test('a descendant that keeps the output open delays nobody', async () => {
    // The orphan is in the container's pid namespace and ends with its init.
    const id = await engine.create({ Cmd: ['sh', '-c', '(sleep 600 &) ; echo done'] });
    const stream = await engine.attach(id);
    await engine.start(id);
    assert.equal((await stream.finished()).stdout, 'done\n');
    assert.equal(await engine.wait(id), 0);
  });

  test('hundreds of processes', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'i=0; while [ $i -lt 300 ]; do sleep 600 & i=$((i+1)); done; echo ready; wait'],
    });
    const log = engine.api.get(`/containers/${id}/logs`, { stdout: 1, follow: 1 });
    log.catch(() => {});
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    assert.equal(await engine.wait(id), 137);
    await log;
  });
});

test('output faster than anyone reads it, while it is removed', async () => {
  const id = await engine.launch({ Cmd: ['sh', '-c', 'yes | cat'] });
  const stream = await engine.attach(id);
  stream.socket.pause();
  await othersGoOn(id);
  stream.vanish();
});
