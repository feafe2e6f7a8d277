import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { until, within } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const SLEEP = ['sleep', '600'];
/** Ends at once and with 0 when it is asked to. */
const OBEDIENT = ['sh', '-c', 'trap "exit 0" TERM INT; echo ready; while :; do sleep 0.02; done'];

/** A running container that has come to its trap. */
async function obedient(config: Record<string, unknown> = {}): Promise<string> {
  const id = await engine.create({ Cmd: OBEDIENT, ...config });
  const stream = await engine.attach(id, { stream: 1, stdout: 1 });
  await engine.start(id);
  await stream.waitFor('ready');
  stream.vanish();
  return id;
}

describe('create', () => {
  test('answers with an id of 64 digits and no warnings', async () => {
    const reply = await engine.api.post('/containers/create', {
      Image: engine.image,
      Cmd: ['true'],
      HostConfig: { NetworkMode: 'none' },
    });
    assert.equal(reply.status, 201, reply.text);
    const { Id, Warnings } = reply.json<{ Id: string; Warnings: string[] }>();
    engine.adopt(Id);
    assert.match(Id, /^[0-9a-f]{64}$/);
    assert.deepEqual(Warnings, []);
  });

  test('makes up a name of two words, and takes a given one with or without the slash', async () => {
    const nameless = await engine.inspect(await engine.create({ Cmd: ['true'] }));
    assert.match(nameless.Name, /^\/[a-z]+_[a-z]+\d?$/);
    const name = uniqueName();
    const id = await engine.create({ Cmd: ['true'] }, `/${name}`);
    assert.equal((await engine.inspect(id)).Name, `/${name}`);
    assert.equal((await engine.inspect(name)).Id, id);
    assert.equal((await engine.inspect(id.slice(0, 12))).Id, id);
  });

  test('inspect tells what was asked for and what follows from it', async () => {
    const id = await engine.create({
      Cmd: ['echo', 'a b'],
      Env: ['A=1', 'B='],
      Labels: { 'org.test': 'yes' },
      WorkingDir: '/tmp',
      Hostname: 'box',
      StopSignal: 'SIGINT',
      HostConfig: { Memory: 64 << 20, NanoCpus: 500_000_000, PidsLimit: 50 },
    });
    const seen = await engine.inspect(id);
    assert.equal(seen.Id, id);
    assert.equal(seen.Path, 'echo');
    assert.deepEqual(seen.Args, ['a b']);
    assert.equal(seen.Platform, 'linux');
    assert.match(seen.Image, /^sha256:[0-9a-f]{64}$/);
    assert.equal(seen.Config.Image, engine.image);
    assert.deepEqual(seen.Config.Cmd, ['echo', 'a b']);
    assert.ok(seen.Config.Env.includes('A=1') && seen.Config.Env.includes('B='), String(seen.Config.Env));
    assert.deepEqual(seen.Config.Labels, { 'org.test': 'yes' });
    assert.equal(seen.Config.Hostname, 'box');
    assert.equal(seen.Config.WorkingDir, '/tmp');
    assert.equal(seen.Config.StopSignal, 'SIGINT');
    assert.equal(seen.HostConfig.Memory, 64 << 20);
    assert.equal(seen.HostConfig.NanoCpus, 500_000_000);
    assert.equal(seen.HostConfig.PidsLimit, 50);
    assert.equal(seen.HostConfig.NetworkMode, 'none');
    assert.deepEqual(seen.HostConfig.LogConfig, { Type: 'json-file', Config: {} });
    assert.deepEqual(seen.HostConfig.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
    assert.equal(seen.RestartCount, 0);
    assert.deepEqual(seen.Mounts, []);
    const { Pid, ExitCode, Error: error, StartedAt, FinishedAt } = seen.State;
    const { Status, Running, Paused, Restarting, Dead, OOMKilled } = seen.State;
    assert.deepEqual(
      { Status, Running, Paused, Restarting, Dead, OOMKilled },
      { Status: 'created', Running: false, Paused: false, Restarting: false, Dead: false, OOMKilled: false },
    );
    assert.deepEqual({ Pid, ExitCode, error }, { Pid: 0, ExitCode: 0, error: '' });
    assert.deepEqual([StartedAt, FinishedAt], ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z']);
    assert.match(seen.Created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    assert.ok(Math.abs(Date.parse(seen.Created) - Date.now()) < 60_000, seen.Created);
  });

  test('the hostname is the short id where none is given', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    assert.equal((await engine.inspect(id)).Config.Hostname, id.slice(0, 12));
  });

  test('inspect with size tells what the container has written', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'head -c 100000 /dev/zero > /big'] });
    await engine.wait(id);
    const seen = await ok<{ SizeRw: number; SizeRootFs: number }>(
      engine.api.get(`/containers/${id}/json`, { size: true }),
    );
    assert.ok(seen.SizeRw >= 100_000 && seen.SizeRw < 200_000, String(seen.SizeRw));
    assert.ok(seen.SizeRootFs > seen.SizeRw + 500_000, String(seen.SizeRootFs));
    assert.equal((await engine.inspect(id)).SizeRw, undefined);
  });

  test('entrypoint and command join; an empty entrypoint resets the image’s', async () => {
    const joined = await engine.inspect(await engine.create({ Entrypoint: ['echo', 'one'], Cmd: ['two'] }));
    assert.equal(joined.Path, 'echo');
    assert.deepEqual(joined.Args, ['one', 'two']);
    const text = await engine.inspect(await engine.create({ Entrypoint: 'echo', Cmd: ['x'] }));
    assert.deepEqual([text.Path, ...text.Args], ['echo', 'x']);
    const reset = await engine.inspect(await engine.create({ Entrypoint: [''], Cmd: ['true'] }));
    assert.deepEqual([reset.Path, ...reset.Args], ['true']);
  });

  test('null stands for what is not given', async () => {
    const reply = await engine.api.post('/containers/create', {
      ...{
        Image: engine.image,
        Cmd: ['true'],
        Entrypoint: null,
        Env: null,
        Labels: null,
        ExposedPorts: null,
        Volumes: null,
      },
      ...{ OnBuild: null, NetworkingConfig: null },
      HostConfig: {
        NetworkMode: 'none',
        Binds: null,
        CapAdd: null,
        CapDrop: null,
        Devices: null,
        Ulimits: null,
        PortBindings: null,
      },
    });
    assert.equal(reply.status, 201, reply.text);
    engine.adopt(reply.json<{ Id: string }>().Id);
  });
});

describe('start', () => {
  test('makes it run; a second start is not modified', async () => {
    const id = await engine.create({ Cmd: SLEEP });
    await engine.start(id);
    const { State } = await engine.inspect(id);
    assert.equal(State.Status, 'running');
    assert.equal(State.Running, true);
    assert.ok(State.Pid > 0);
    assert.ok(Date.parse(State.StartedAt) > Date.now() - 60_000);
    assert.equal((await engine.api.post(`/containers/${id}/start`)).status, 304);
  });

  test('an ended container starts again, with its files', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'test -e /mark && exit 5; touch /mark'] });
    assert.equal(await engine.wait(id), 0);
    const first = await engine.inspect(id);
    await engine.start(id);
    assert.equal(await engine.wait(id), 5);
    const second = await engine.inspect(id);
    assert.ok(second.State.StartedAt > first.State.FinishedAt);
    assert.equal(second.State.ExitCode, 5);
  });

  test('runs what is in the image when nothing is asked for', async () => {
    const id = await engine.create({ OpenStdin: true, StdinOnce: true, AttachStdin: true, Cmd: ['sh'] });
    const stream = await engine.attach(id);
    await engine.start(id);
    stream.socket.end('echo from-$((40+2))\nexit 3\n');
    assert.equal((await stream.finished()).stdout, 'from-42\n');
    assert.equal(await engine.wait(id), 3);
  });
});

describe('exit codes', () => {
  for (const [what, cmd, code] of [
    ['success', ['true'], 0],
    ['failure', ['false'], 1],
    ['a code of its own', ['sh', '-c', 'exit 42'], 42],
    ['255', ['sh', '-c', 'exit 255'], 255],
    ['killed by a signal from within', ['sh', '-c', 'sh -c "kill -SEGV \\$\\$"; exit $?'], 139],
  ] as const) {
    test(what, async () => {
      const id = await engine.launch({ Cmd: [...cmd] });
      assert.equal(await engine.wait(id), code);
      const { State } = await engine.inspect(id);
      assert.equal(State.ExitCode, code);
      assert.equal(State.Status, 'exited');
      assert.equal(State.Pid, 0);
      assert.equal(State.OOMKilled, false);
      assert.ok(State.FinishedAt >= State.StartedAt, `${State.FinishedAt} after ${State.StartedAt}`);
    });
  }
});

describe('stop', () => {
  test('sends SIGTERM, and a container that heeds it ends with its own code', async () => {
    const id = await obedient();
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 20 }), 204);
    assert.equal((await engine.inspect(id)).State.ExitCode, 0);
    assert.equal((await engine.api.post(`/containers/${id}/stop`)).status, 304);
  });

  test('sends the configured signal, or the one of the request', async () => {
    const cmd = ['sh', '-c', 'trap "exit 2" INT; trap "exit 4" USR1; echo ready; while :; do sleep 0.02; done'];
    const byConfig = await obedient({ Cmd: cmd, StopSignal: 'SIGINT' });
    await ok(engine.api.post(`/containers/${byConfig}/stop`, undefined, { t: 20 }), 204);
    assert.equal((await engine.inspect(byConfig)).State.ExitCode, 2);
    const byRequest = await obedient({ Cmd: cmd, StopSignal: 'SIGINT' });
    await ok(engine.api.post(`/containers/${byRequest}/stop`, undefined, { t: 20, signal: 'USR1' }), 204);
    assert.equal((await engine.inspect(byRequest)).State.ExitCode, 4);
  });

  test('kills what does not heed it', async () => {
    const id = await engine.launch({ Cmd: SLEEP }); // pid 1 without a handler ignores SIGTERM
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    const { State } = await engine.inspect(id);
    assert.equal(State.ExitCode, 137);
    assert.equal(State.Status, 'exited');
  });

  test('a container that was never started is left as it is', async () => {
    const id = await engine.create({ Cmd: SLEEP });
    assert.equal((await engine.api.post(`/containers/${id}/stop`)).status, 304);
    assert.equal((await engine.inspect(id)).State.Status, 'created');
  });
});

describe('kill', () => {
  test('SIGKILL by default', async () => {
    const id = await engine.launch({ Cmd: SLEEP });
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    assert.equal(await engine.wait(id), 137);
  });

  test('takes names with and without SIG, and numbers', async () => {
    for (const signal of ['SIGUSR1', 'usr1', '10']) {
      const id = await obedient({ Cmd: ['sh', '-c', 'trap "exit 10" USR1; echo ready; while :; do sleep 0.02; done'] });
      await ok(engine.api.post(`/containers/${id}/kill`, undefined, { signal }), 204);
      assert.equal(await engine.wait(id), 10, signal);
    }
  });

  test('refuses what is no signal and what does not run', async () => {
    const id = await engine.create({ Cmd: SLEEP });
    await refused(
      engine.api.post(`/containers/${id}/kill`),
      409,
      new RegExp(`^cannot kill container: ${id}: container ${id} is not running$`),
    );
    await engine.start(id);
    await refused(engine.api.post(`/containers/${id}/kill`, undefined, { signal: 'NOPE' }), 400, /NOPE/);
    assert.equal((await engine.inspect(id)).State.Running, true);
  });
});

describe('wait', () => {
  test('answers at the end of the container, with its head sent before', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'read line; exit 9'], OpenStdin: true });
    const waiting = await engine.api.open('POST', `/containers/${id}/wait`);
    assert.equal(waiting.statusCode, 200);
    const stream = await engine.attach(id);
    stream.write('go\n');
    const body: Buffer[] = [];
    for await (const chunk of waiting) body.push(chunk as Buffer);
    assert.deepEqual(JSON.parse(Buffer.concat(body).toString()), { StatusCode: 9 });
    stream.vanish();
  });

  test('several wait for one; an ended container answers at once', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'read line; exit 3'], OpenStdin: true });
    const all = Promise.all([engine.wait(id), engine.wait(id, 'next-exit'), engine.wait(id, 'not-running')]);
    const stream = await engine.attach(id);
    stream.write('\n');
    assert.deepEqual(await all, [3, 3, 3]);
    stream.vanish();
    assert.equal(await engine.wait(id), 3);
  });

  test('a created container is not running', async () => {
    assert.equal(await engine.wait(await engine.create({ Cmd: ['false'] })), 0);
  });

  test('next-exit waits for a start to come', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'exit 6'] });
    const waiting = await engine.api.open('POST', `/containers/${id}/wait`, { query: { condition: 'next-exit' } });
    await engine.start(id);
    const body: Buffer[] = [];
    for await (const chunk of waiting) body.push(chunk as Buffer);
    assert.deepEqual(JSON.parse(Buffer.concat(body).toString()), { StatusCode: 6 });
  });

  test('removed answers when it is gone, with its exit code', async () => {
    const id = await engine.create({ Cmd: ['sh', '-c', 'exit 7'], HostConfig: { AutoRemove: true } });
    const waiting = await engine.api.open('POST', `/containers/${id}/wait`, { query: { condition: 'removed' } });
    await engine.start(id);
    const body: Buffer[] = [];
    for await (const chunk of waiting) body.push(chunk as Buffer);
    assert.deepEqual(JSON.parse(Buffer.concat(body).toString()), { StatusCode: 7 });
    await refused(engine.api.get(`/containers/${id}/json`), 404, `No such container: ${id}`);
  });

  test('a client that leaves does not disturb', async () => {
    const id = await engine.launch({ Cmd: SLEEP });
    const leave = new AbortController();
    const waiting = await engine.api.open('POST', `/containers/${id}/wait`, { signal: leave.signal });
    waiting.on('error', () => {});
    leave.abort();
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    assert.equal(await engine.wait(id), 137);
  });

  test('refuses a condition that does not exist', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    await refused(engine.api.post(`/containers/${id}/wait`, undefined, { condition: 'bored' }), 400, /bored/);
  });
});

describe('remove', () => {
  test('takes away what does not run; its name is free again', async () => {
    const name = uniqueName();
    const id = await engine.create({ Cmd: ['true'] }, name);
    assert.equal((await engine.api.delete(`/containers/${name}`)).status, 204);
    await refused(engine.api.get(`/containers/${id}/json`), 404, `No such container: ${id}`);
    await refused(engine.api.delete(`/containers/${id}`), 404, `No such container: ${id}`);
    await engine.create({ Cmd: ['true'] }, name);
  });

  test('refuses a running one, and takes it by force', async () => {
    const name = uniqueName();
    const id = await engine.launch({ Cmd: SLEEP }, name);
    await refused(
      engine.api.delete(`/containers/${id}`),
      409,
      `cannot remove container "${id}": container is running: stop the container before removing or force remove`,
    );
    assert.equal((await engine.inspect(id)).State.Running, true);
    assert.equal((await engine.api.delete(`/containers/${id}`, { force: 1 })).status, 204);
    await refused(engine.api.get(`/containers/${name}/json`), 404, `No such container: ${name}`);
  });

  test('AutoRemove does it at the end', async () => {
    const id = await engine.create({ Cmd: ['true'], HostConfig: { AutoRemove: true } });
    await engine.start(id);
    await until('the container is gone', async () => (await engine.api.get(`/containers/${id}/json`)).status === 404);
  });
});

test('reads and other containers go on beside a container that is stopping', async () => {
  const stuck = await engine.launch({ Cmd: SLEEP });
  const stopping = engine.api.post(`/containers/${stuck}/stop`, undefined, { t: 5 });
  // While the stop waits out its seconds, reads of the same container and everything else are answered.
  await within(
    'the answers beside a stop',
    Promise.all([engine.inspect(stuck), ok(engine.api.get('/containers/json')), engine.run(['true'])]),
    4000,
  );
  await ok(engine.api.post(`/containers/${stuck}/kill`), 204);
  assert.equal((await stopping).status, 204);
});
