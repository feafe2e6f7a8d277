import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

let box: string;
before(async () => {
  box = await engine.launch({ Cmd: ['sleep', '600'], Env: ['FROM=container'], WorkingDir: '/tmp', Hostname: 'box' });
});

describe('exec', () => {
  test('runs beside the container’s process, in its namespaces', async () => {
    const { stdout, stderr, exitCode } = await engine.exec(box, ['sh', '-c', 'hostname; echo err >&2']);
    assert.deepEqual([stdout, stderr, exitCode], ['box\n', 'err\n', 0]);
    // A reference in a chroot gives its execs the host's files.
    if (engine.own) assert.equal((await engine.exec(box, ['cat', '/proc/1/comm'])).stdout, 'sleep\n');
  });

  test('the exit code is there as soon as the stream has ended', async () => {
    for (const code of [0, 1, 7, 255])
      assert.equal((await engine.exec(box, ['sh', '-c', `exit ${code}`])).exitCode, code);
    assert.equal((await engine.exec(box, ['sh', '-c', 'kill -KILL $$'])).exitCode, 137);
  });

  test('environment and working directory: the container’s, and its own', async () => {
    const plain = await engine.exec(box, ['sh', '-c', 'echo "$FROM $OWN $PWD"']);
    assert.equal(plain.stdout, 'container  /tmp\n');
    const own = await engine.exec(box, ['sh', '-c', 'echo "$FROM $OWN $PWD"'], {
      Env: ['OWN=exec', 'FROM=exec'],
      WorkingDir: '/proc',
    });
    assert.equal(own.stdout, 'exec exec /proc\n');
  });

  test('a user by number, with and without a group', async () => {
    assert.equal((await engine.exec(box, ['sh', '-c', 'id -u; id -g'], { User: '1234' })).stdout, '1234\n0\n');
    assert.equal((await engine.exec(box, ['sh', '-c', 'id -u; id -g'], { User: '1234:4321' })).stdout, '1234\n4321\n');
  });

  test('a user without privileges has no capabilities', async () => {
    const { stdout } = await engine.exec(box, ['sh', '-c', 'grep -E "Cap(Prm|Eff)" /proc/self/status'], {
      User: '1234',
    });
    assert.equal(stdout, 'CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n');
  });

  test('privileged has all', async () => {
    const mine = await engine.exec(box, ['grep', 'CapEff', '/proc/self/status'], { Privileged: true });
    const usual = await engine.exec(box, ['grep', 'CapEff', '/proc/self/status']);
    assert.ok(
      BigInt(`0x${mine.stdout.split('\t')[1]!.trim()}`) > BigInt(`0x${usual.stdout.split('\t')[1]!.trim()}`),
      mine.stdout,
    );
  });

  test('a terminal of its own', async () => {
    const { stdout } = await engine.exec(box, ['sh', '-c', 'tty; test -t 0 -a -t 1 -a -t 2 && echo all; stty size'], {
      ...{ Tty: true, ConsoleSize: [30, 99] },
    });
    assert.match(stdout, /^\/dev\/pts\/\d\r\nall\r\n30 99\r\n$/);
  });

  test('resize reaches its terminal', async () => {
    const exec = await engine.createExec(
      box,
      ['sh', '-c', 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.02; done'],
      { Tty: true },
    );
    const stream = await engine.startExec(exec, { Tty: true });
    await stream.waitFor('ready');
    await ok(engine.api.post(`/exec/${exec}/resize`, undefined, { h: 33, w: 77 }));
    assert.match((await stream.finished()).raw, /33 77/);
  });

  test('input with its end: echo x | docker exec -i', async () => {
    const data = randomBytes(2 << 20);
    const exec = await engine.createExec(box, ['sha256sum'], { AttachStdin: true });
    const stream = await engine.startExec(exec);
    stream.socket.end(data);
    assert.equal((await stream.finished()).stdout.slice(0, 64), createHash('sha256').update(data).digest('hex'));
    assert.equal((await engine.inspectExec(exec)).ExitCode, 0);
  });

  // dockerd loses this input; a client cannot know whether its packets are joined.
  for (const chunked of engine.own ? [false, true] : []) {
    test(`input in the same packet as the request, its body ${chunked ? 'in chunks' : 'with a length'}`, async () => {
      const exec = await engine.createExec(box, ['cat'], { AttachStdin: true });
      const stream = await engine.startExec(exec, {}, { early: 'early ', chunked });
      stream.socket.end('late');
      assert.equal((await stream.finished()).stdout, 'early late');
    });
  }

  test('an old client without an upgrade', async () => {
    const exec = await engine.createExec(box, ['echo', 'hi']);
    const stream = await engine.api.hijack(`/exec/${exec}/start`, {
      body: { Detach: false, Tty: false },
      upgrade: false,
    });
    assert.equal(stream.status, 200);
    assert.equal((await stream.demultiplexed().finished()).stdout, 'hi\n');
  });

  test('detached: answers at once, the exit code comes later', async () => {
    const go = `/dev/shm/${uniqueName('go')}`;
    const exec = await engine.createExec(box, [
      'sh',
      '-c',
      `while [ ! -e ${go} ]; do sleep 0.02; done; rm ${go}; exit 4`,
    ]);
    await ok(engine.api.post(`/exec/${exec}/start`, { Detach: true, Tty: false }), 200);
    const seen = await engine.inspectExec(exec);
    assert.equal(seen.Running, true);
    assert.equal(seen.ExitCode, null);
    assert.ok(seen.Pid > 0);
    await engine.exec(box, ['touch', go]);
    await until('the exec has ended', async () => !(await engine.inspectExec(exec)).Running);
    assert.equal((await engine.inspectExec(exec)).ExitCode, 4);
  });

  test('inspect tells what was asked for', async () => {
    const exec = await engine.createExec(box, ['echo', 'a', 'b'], { AttachStdin: true, User: '5', Tty: false });
    const seen = await engine.inspectExec(exec);
    assert.equal(seen.ID, exec);
    assert.equal(seen.ContainerID, box);
    assert.equal(seen.Running, false);
    assert.equal(seen.ExitCode, null);
    assert.deepEqual([seen.OpenStdin, seen.OpenStdout, seen.OpenStderr], [true, true, true]);
    assert.equal(seen.ProcessConfig.entrypoint, 'echo');
    assert.deepEqual(seen.ProcessConfig.arguments, ['a', 'b']);
    assert.equal(seen.ProcessConfig.tty, false);
    assert.equal(seen.ProcessConfig.user, '5');
    assert.ok((await engine.inspect(box)).ExecIDs?.includes(exec));
  });

  test('the container’s inspect forgets an exec that is done', async () => {
    const exec = await engine.createExec(box, ['true']);
    await (await engine.startExec(exec)).finished();
    await until(
      'the exec is gone from its container',
      async () => !((await engine.inspect(box)).ExecIDs ?? []).includes(exec),
    );
  });

  test('twenty at once, each with its own output', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => engine.exec(box, ['sh', '-c', `echo ${i}; exit ${i}`])),
    );
    assert.deepEqual(
      all.map(({ stdout, exitCode }) => [stdout, exitCode]),
      all.map((_, i) => [`${i}\n`, i]),
    );
  });

  test('what it leaves running keeps neither the stream nor the answer', async () => {
    const { stdout, exitCode } = await engine.exec(box, ['sh', '-c', 'sleep 600 >/dev/null 2>&1 & echo left']);
    assert.deepEqual([stdout, exitCode], ['left\n', 0]);
  });
});

describe('a failing exec', () => {
  test('a command that is not there: 127 and a sentence', async () => {
    const exec = await engine.createExec(box, ['no-such-command']);
    const stream = await engine.startExec(exec);
    const text = (await stream.finished()).raw;
    assert.match(text, /no-such-command.*(not found|no such file)/s);
    await until('the exec has its exit code', async () => (await engine.inspectExec(exec)).ExitCode !== null);
    const seen = await engine.inspectExec(exec);
    assert.equal(seen.ExitCode, 127);
    assert.equal(seen.Running, false);
  });

  test('a file that cannot be executed: 126', async () => {
    const exec = await engine.createExec(box, ['/etc']);
    const text = (await (await engine.startExec(exec)).finished()).raw;
    assert.match(text, /permission denied|is a directory/i);
    await until('the exec has its exit code', async () => (await engine.inspectExec(exec)).ExitCode !== null);
    assert.equal((await engine.inspectExec(exec)).ExitCode, 126);
  });

  test('a working directory that is not there', async () => {
    const exec = await engine.createExec(box, ['true'], { WorkingDir: '/nowhere' });
    assert.match((await (await engine.startExec(exec)).finished()).raw, /nowhere/);
    await until('the exec has its exit code', async () => (await engine.inspectExec(exec)).ExitCode !== null);
    assert.notEqual((await engine.inspectExec(exec)).ExitCode, 0);
  });

  test('a user who is not there', async () => {
    const created = await engine.api.post(`/containers/${box}/exec`, {
      Cmd: ['true'],
      AttachStdout: true,
      User: 'ghost',
    });
    // Docker looks the user up when the exec is created; that may also wait until its start.
    const said =
      created.status === 201
        ? (await (await engine.startExec(created.json<{ Id: string }>().Id)).finished()).raw
        : created.message;
    assert.match(said, /unable to find user ghost: no matching entries in passwd file/);
  });

  test('no command at all', async () => {
    await refused(
      engine.api.post(`/containers/${box}/exec`, { AttachStdout: true }),
      400,
      /[Nn]o exec command specified/,
    );
  });

  test('in a container that does not run, or is not there', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    await refused(engine.api.post(`/containers/${id}/exec`, { Cmd: ['true'] }), 409, `container ${id} is not running`);
    await refused(engine.api.post('/containers/nobody/exec', { Cmd: ['true'] }), 404, 'No such container: nobody');
  });

  test('an exec that is not there, or was started already', async () => {
    await refused(engine.api.get('/exec/nothing/json'), 404, 'No such exec instance: nothing');
    await refused(engine.api.post('/exec/nothing/start', { Detach: true }), 404, 'No such exec instance: nothing');
    const exec = await engine.createExec(box, ['sleep', '600']);
    await ok(engine.api.post(`/exec/${exec}/start`, { Detach: true }), 200);
    await refused(engine.api.post(`/exec/${exec}/start`, { Detach: true }), 409, /already/);
  });

  test('the user is the container’s where none is named, and one who is not there is a mistake of the request', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], User: '1000:1000' });
    const exec = await engine.createExec(id, ['true']);
    assert.equal((await engine.inspectExec(exec)).ProcessConfig.user, '1000:1000');
    await engine.remove(id);
  });

  test('execs end with their container', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const never = await engine.createExec(id, ['true']);
    const exec = await engine.createExec(id, ['sh', '-c', 'echo ready; sleep 600']);
    const stream = await engine.startExec(exec);
    await stream.waitFor('ready');
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    await stream.finished();
    assert.equal((await engine.inspectExec(exec)).ExitCode, 137);
    // One that was never started was meant for that life of the container, not for its next.
    await engine.start(id);
    await refused(engine.api.post(`/exec/${never}/start`, { Detach: true }), 404, `No such exec instance: ${never}`);
  });
});
