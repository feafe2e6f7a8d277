import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import type { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { assertUnchanged, captureHost, difference } from '../helpers/host-state.js';
import { dockerArchive } from '../helpers/tar.js';
import type { ContainerSummary } from '../helpers/types.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
const daemon = engine.daemon as TestDaemon;
after(() => engine.close());

/** Through this directory the tests speak to a container while no daemon runs. */
const shared = join(daemon.home, 'shared');
mkdirSync(shared);
const SHARED = { HostConfig: { Binds: [`${shared}:/shared`] } };
let marks = 0;
/** A file that a container waits for. */
const mark = () => `mark-${++marks}`;
const set = (name: string) => writeFileSync(join(shared, name), '');
const when = (name: string, then: string) => `while [ ! -e /shared/${name} ]; do sleep 0.01; done; ${then}`;
/** Whether processes of this container are left, its shim among them. */
const alive = (id: string) => captureHost(daemon).processes.some((line) => line.includes(id));

/** The daemon dies, `meanwhile` happens, a new one comes up. */
async function die(meanwhile: () => unknown = () => {}): Promise<void> {
  await daemon.kill9();
  await meanwhile();
  await daemon.launch();
}

describe('kill -9 of the daemon', () => {
  test('containers go on, and all they say is in the log', async () => {
    const stop = mark();
    const script = `i=0; while [ ! -e /shared/${stop} ]; do echo $i; i=$((i+1)); done; echo end $i`;
    const id = await engine.launch({ Cmd: ['sh', '-c', script], ...SHARED });
    const log = (await engine.inspect(id)).LogPath;
    const size = () => statSync(log).size;
    await until('the first output', () => size() > 0);
    await die(async () => {
      const then = size();
      await until('output without a daemon', () => size() > then + 10_000);
    });
    assert.equal((await engine.inspect(id)).State.Status, 'running');
    set(stop);
    assert.equal(await engine.wait(id), 0);
    const lines = (await engine.logs(id)).stdout.trim().split('\n');
    const count = Number(lines.pop()!.split(' ')[1]);
    assert.equal(lines.length, count);
    lines.forEach((line, i) => {
      assert.equal(line, String(i));
    });
  });

  test('the new daemon lists, attaches, executes and stops', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'trap "echo bye; exit 12" TERM; while :; do read -t 1 line && echo "got $line"; done'],
      OpenStdin: true,
    });
    const before = await engine.inspect(id);
    await die();
    const after = await engine.inspect(id);
    assert.deepEqual(after.State, before.State);
    const listed = await ok<ContainerSummary[]>(engine.api.get('/containers/json'));
    assert.ok(listed.some(({ Id, State }) => Id === id && State === 'running'));
    const stream = await engine.attach(id);
    stream.write('hello\n');
    await stream.waitFor('got hello\n');
    assert.deepEqual(await engine.exec(id, ['sh', '-c', 'echo inside; exit 3']), {
      stdout: 'inside\n',
      stderr: '',
      exitCode: 3,
    });
    const waiting = engine.wait(id);
    assert.equal((await engine.api.post(`/containers/${id}/start`)).status, 304);
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 20 }), 204);
    assert.equal(await waiting, 12);
    assert.match((await stream.finished()).stdout, /bye\n$/);
  });

  test('the exit code of a container that ended meanwhile is right, and so are time and log', async () => {
    const go = mark();
    const id = await engine.launch({ Cmd: ['sh', '-c', when(go, 'echo last words; exit 17')], ...SHARED });
    const killed = await engine.launch({
      Cmd: ['sh', '-c', when(go, 'kill -KILL $$; sleep 600')],
      HostConfig: { ...SHARED.HostConfig, Init: true },
    });
    let ended = 0;
    await die(async () => {
      set(go);
      await until('the ends without a daemon', () => !alive(id) && !alive(killed));
      ended = Date.now();
    });
    const { State } = await engine.inspect(id);
    assert.deepEqual([State.Status, State.ExitCode, State.Pid, State.Error], ['exited', 17, 0, '']);
    assert.ok(Date.parse(State.FinishedAt) > Date.parse(State.StartedAt) && Date.parse(State.FinishedAt) <= ended + 1);
    assert.equal((await engine.inspect(killed)).State.ExitCode, 137);
    assert.equal(await engine.wait(id), 17);
    assert.equal((await engine.logs(id)).stdout, 'last words\n');
    await engine.start(id);
    assert.equal(await engine.wait(id), 17);
  });

  test('AutoRemove is done for one that ended meanwhile', async () => {
    const go = mark();
    const id = await engine.launch({
      Cmd: ['sh', '-c', when(go, 'exit 0')],
      HostConfig: { ...SHARED.HostConfig, AutoRemove: true },
    });
    await die(async () => {
      set(go);
      await until('the end without a daemon', () => !alive(id));
    });
    await until('it is removed', async () => (await engine.api.get(`/containers/${id}/json`)).status === 404);
  });

  test('an attached session goes on as if nothing had been', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'while read line; do echo "got $line"; echo err >&2; done; echo over'],
      OpenStdin: true,
      StdinOnce: true,
    });
    const stream = await engine.attach(id);
    stream.write('before\n');
    await stream.waitFor('got before\n');
    await die(async () => {
      stream.write('without\n');
      await stream.waitFor('got without\n');
    });
    stream.write('after\n');
    await stream.waitFor('got after\n');
    stream.closeInput();
    const { stdout, stderr } = await stream.finished();
    assert.deepEqual([stdout, stderr], ['got before\ngot without\ngot after\nover\n', 'err\nerr\nerr\n']);
    assert.equal(await engine.wait(id), 0);
  });

  test('a client who is just being handed over goes on or sees its end', async () => {
    const id = await engine.launch({ Cmd: ['cat'], OpenStdin: true });
    for (let round = 0; round < 5; round++) {
      const stream = await engine.attach(id);
      await die(async () => {
        stream.write('x\n');
        await stream.waitFor('x\n').catch((error: Error) => assert.match(error.message, /^the stream ended/));
      });
      stream.vanish();
    }
  });

  test('a terminal goes on, with its size', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'while read line; do stty size; done'],
      Tty: true,
      OpenStdin: true,
    });
    const stream = await engine.attach(id);
    await ok(engine.api.post(`/containers/${id}/resize`, undefined, { h: 20, w: 60 }), 200);
    stream.write('x\n');
    await stream.waitFor('20 60\r\n');
    await die(async () => {
      stream.write('y\n');
      await stream.waitFor('y\r\n20 60\r\n');
    });
    await ok(engine.api.post(`/containers/${id}/resize`, undefined, { h: 41, w: 99 }), 200);
    stream.write('x\n');
    await stream.waitFor('41 99');
    stream.vanish();
  });

  test('an exec goes on', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const exec = await engine.createExec(id, ['cat'], { AttachStdin: true, User: '7', DetachKeys: 'ctrl-x' });
    const stream = await engine.startExec(exec);
    stream.write('one ');
    await stream.waitFor('one ');
    const before = await engine.inspectExec(exec);
    await die(async () => {
      stream.write('two ');
      await stream.waitFor('two ');
    });
    assert.deepEqual(await engine.inspectExec(exec), before);
    stream.closeInput();
    assert.equal((await stream.finished()).stdout, 'one two ');
    assert.equal((await engine.inspect(id)).State.Running, true);
  });

  test('an old descriptor of a log that is followed ends, a new one goes on', async () => {
    const go = mark();
    const id = await engine.launch({ Cmd: ['sh', '-c', `echo one; ${when(go, 'echo two')}`], ...SHARED });
    await die();
    const log = engine.api.get(`/containers/${id}/logs`, { stdout: 1, follow: 1 });
    set(go);
    assert.match((await log).text, /one\n.*two\n/s);
  });

  test('in the middle of a hundred requests: what is left is whole', async () => {
    const work = Array.from({ length: 20 }, async () => {
      const id = await engine.create({ Cmd: ['sleep', '600'] });
      await engine.start(id);
      await engine.wait(id);
    });
    for (const promise of work) promise.catch(() => {}); // the daemon dies under them
    const running = async () => (await ok<ContainerSummary[]>(engine.api.get('/containers/json'))).length;
    const already = await running();
    await until('some of them run', async () => (await running()) > already + 3);
    await die();
    await Promise.allSettled(work);
    const all = await ok<ContainerSummary[]>(engine.api.get('/containers/json', { all: 1 }));
    for (const { Id } of all) {
      engine.adopt(Id);
      const { State } = await engine.inspect(Id);
      assert.ok(['running', 'created', 'exited'].includes(State.Status), State.Status);
      // What is said to run runs, and what is said not to has no process.
      assert.equal(alive(Id), State.Running, `${State.Status} ${Id}`);
      if (State.Running) assert.match(readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8'), new RegExp(Id));
    }
    for (const { Id } of all) await engine.remove(Id);
  });
});

test('in the middle of loading an image: nothing half-made is left', async () => {
  const before = captureHost(daemon);
  const images = await ok(engine.api.get('/images/json'));
  const { archive } = dockerArchive({ tag: 'half:v1', layers: [[{ name: 'big', content: Buffer.alloc(8 << 20, 7) }]] });
  const body = new PassThrough();
  const load = engine.api.open('POST', '/images/load', { raw: body });
  load.catch(() => {});
  body.write(archive.subarray(0, archive.length >> 1));
  await until('the archive is being received', () => difference(before, captureHost(daemon)).length > 0);
  await die();
  body.destroy();
  assert.deepEqual(await ok(engine.api.get('/images/json')), images);
  await assertUnchanged(daemon, before, { view: (state) => ({ ...state, descriptors: [] }) });
});

test('an ordinary restart leaves containers alone as well', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const { Pid } = (await engine.inspect(id)).State;
  assert.equal(await daemon.stop(), 0);
  assert.ok(alive(id));
  await daemon.launch();
  const { State } = await engine.inspect(id);
  assert.deepEqual([State.Running, State.Pid], [true, Pid]);
});

test('it ends at once although clients are waiting for all kinds of things', async () => {
  const id = await engine.launch({ Cmd: ['cat'], OpenStdin: true });
  const stream = await engine.attach(id);
  stream.write('x\n');
  await stream.waitFor('x\n');
  const exec = await engine.startExec(await engine.createExec(id, ['cat'], { AttachStdin: true }));
  const waiting = await Promise.all([
    engine.api.open('GET', '/events'),
    engine.api.open('GET', `/containers/${id}/logs`, { query: { stdout: 1, follow: 1 } }),
    engine.api.open('POST', `/containers/${id}/wait`),
  ]);
  for (const response of waiting) response.on('error', () => {}).resume();
  assert.equal(await daemon.stop(), 0);
  stream.write('y\n');
  await stream.waitFor('y\n');
  await daemon.launch();
  assert.equal((await engine.inspect(id)).State.Running, true);
  exec.vanish();
  stream.vanish();
});

test('images, tags and created containers are still there', async () => {
  const id = await engine.create({ Cmd: ['echo', 'kept'], Labels: { kept: 'yes' } });
  await ok(engine.api.post(`/images/${engine.image}/tag`, undefined, { repo: 'kept', tag: 'v1' }), 201);
  const before = await engine.inspect(id);
  await die();
  assert.deepEqual(await engine.inspect(id), before);
  await ok(engine.api.get('/images/kept:v1/json'));
  await engine.start(id);
  assert.equal(await engine.wait(id), 0);
  assert.equal((await engine.logs(id)).stdout, 'kept\n');
});
