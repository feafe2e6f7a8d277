// docs/shim-protocol.md: the life of a container, and a daemon that comes and goes. Needs root.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ALL, unframe } from './connections.mjs';
import { Ground, Shim, shell } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const run = (script, options, more) => new Shim(ground.bundle(shell(script, more), options));
const OUTPUT = { stdin: false, stdout: true, stderr: true, mux: true };
const INPUT = { open: true, once: true };
const exit = (bundle) => JSON.parse(readFileSync(join(bundle.dir, 'exit.json'), 'utf8'));

describe('a container', { timeout: 60_000 }, () => {
  test('gets its status, its output and its end reported', async () => {
    const shim = run('echo out; echo err >&2; exit 7');
    const client = await shim.attach('', OUTPUT);
    const started = await shim.start();
    assert.ok(started.pid > 0 && started.startTime > 0);
    const { steps } = await shim.control.event('steps');
    assert.ok(steps.some(({ actor, name, errno }) => actor === 'init' && name === 'exec' && errno === ''));

    const event = await shim.control.event('exit');
    const { event: _, ...told } = event;
    assert.deepEqual(exit(shim.bundle), told);
    assert.equal(event.status, 7);
    assert.equal(event.signal, 0);
    assert.match(event.exitedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);

    await shim.finish();
    await client.ended;
    assert.deepEqual(unframe(client.bytes), { stdout: 'out\n', stderr: 'err\n' });
    assert.equal(shim.logged('stdout'), 'out\n');
    assert.equal(shim.logged('stderr'), 'err\n');
    assert.ok(!existsSync(join(shim.bundle.dir, 'shim.sock')));
  });

  test('ends by a signal: 128 and its number', async () => {
    const shim = run('sleep 100');
    await shim.start();
    assert.ok((await shim.control.ask('kill', { signal: 9 })).ok);
    const { status, signal } = await shim.finish();
    assert.deepEqual({ status, signal }, { status: 137, signal: 9 });
  });

  test('that cannot be started is an error with an exit code, and the shim goes', async () => {
    const shim = new Shim(ground.bundle({ ...shell(''), args: ['/no/such/program'] }));
    const answer = await shim.control.ask('start');
    assert.equal(answer.error.errno, 'ENOENT');
    assert.equal(answer.exitCode, 127);
    await shim.control.closed;
    assert.equal((await shim.ended).status, 0);
    assert.ok(!existsSync(join(shim.bundle.dir, 'shim.sock')));
    assert.ok(!existsSync(join(shim.bundle.dir, 'exit.json')));
  });

  test('whose bundle is broken is an error too', async () => {
    const bundle = ground.bundle({ ...shell(''), args: 'not a list' });
    const shim = new Shim(bundle);
    const answer = await shim.control.ask('start');
    assert.equal(answer.error.step, 'bundle');
    await shim.ended;
  });

  test('that nobody starts leaves nothing behind', async () => {
    const shim = run('true');
    await shim.control.ask('hello');
    shim.control.drop();
    await shim.ended;
    assert.ok(!existsSync(join(shim.bundle.dir, 'shim.sock')));
  });

  test('writes more than any pipe holds, all of it logged and sent', async () => {
    const shim = run('seq 1 200000; printf end');
    const client = await shim.attach('', OUTPUT);
    await shim.start();
    await shim.finish();
    await client.ended;
    let expected = '';
    for (let i = 1; i <= 200000; i++) expected += `${i}\n`;
    expected += 'end';
    assert.ok(unframe(client.bytes).stdout === expected);
    assert.ok(shim.logged('stdout') === expected);
  });
});

describe('the daemon', { timeout: 60_000 }, () => {
  test('dies and comes back: output, clients, statuses are all there', async () => {
    const shim = run('read x; echo got $x; exit 9', { stdin: INPUT });
    const client = await shim.attach('', ALL);
    const { pid, startTime } = await shim.start();
    shim.control.drop();
    client.write('more\n');
    await client.ended;
    assert.equal(unframe(client.bytes).stdout, 'got more\n');
    await shim.ended;
    assert.equal(exit(shim.bundle).status, 9);
    assert.ok(pid > 0 && startTime > 0);
  });

  test('finds a running container through its socket', async () => {
    const shim = run('echo one; read x; echo two', { stdin: INPUT });
    const { pid, startTime } = await shim.start();
    const { client } = await shim.exec('f'.repeat(64), shell('read x; exit 6'), ALL, true);
    shim.control.drop();

    shim.control = shim.connect();
    const hello = await shim.control.ask('hello');
    assert.equal(hello.container, shim.bundle.id);
    assert.deepEqual([hello.state, hello.pid, hello.startTime], ['running', pid, startTime]);
    assert.deepEqual(
      hello.execs.map(({ exec, running }) => ({ exec, running })),
      [{ exec: 'f'.repeat(64), running: true }],
    );
    client.write('\n');
    assert.equal((await shim.control.event('exec-exit')).status, 6);
    shim.control.ack('exec-exit', 'f'.repeat(64));
    await client.ended;

    // What was printed before somebody attaches goes to the log alone.
    while (!shim.logged('stdout')) await shim.control.ask('hello');
    const late = await shim.attach('', ALL);
    late.write('\n');
    await shim.finish();
    await late.ended;
    assert.equal(unframe(late.bytes).stdout, 'two\n');
    assert.equal(shim.logged('stdout'), 'one\ntwo\n');
  });

  test('learns of an exec that ended while it was away', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec('d'.repeat(64), shell('read x; exit 8'), ALL, true);
    shim.control.drop();
    client.write('\n');
    await client.ended;
    shim.control = shim.connect();
    const [exec] = (await shim.control.ask('hello')).execs;
    assert.deepEqual([exec.running, exec.status], [false, 8]);
    shim.control.ack('exec-exit', exec.exec);
    assert.deepEqual((await shim.control.ask('hello')).execs, []);
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('may ask for the end of it all', async () => {
    for (const started of [false, true]) {
      const shim = run('sleep 100');
      if (started) await shim.start();
      assert.ok((await shim.control.ask('shutdown')).ok);
      await shim.control.closed;
      await shim.ended;
      assert.equal(existsSync(join(shim.bundle.dir, 'exit.json')), started);
    }
  });

  test('that sends nonsense gets an answer, and no harm is done', async () => {
    const shim = run('sleep 100');
    await shim.start();
    for (const line of ['{', '[]', '7', '', '{"op":"hello"}', '"', '{"id":1}', `${'['.repeat(5000)}`, '\u0000']) {
      const complaint = shim.control.complaint();
      shim.control.raw(`${line}\n`);
      if (line !== '{"id":1}') assert.ok((await complaint).error.message.length > 0, line);
    }
    for (const [op, fields] of [
      ['dance', {}],
      ['attach', { target: 7 }],
      ['attach', { target: '', stdin: 'yes' }],
      ['attach', { target: '' }],
      ['attach', { target: '', early: '%' }],
      ['attach', { target: '', detachKeys: [300] }],
      ['attach', { target: '', detachKeys: Array(100).fill(1) }],
      ['exec', {}],
      ['exec', { exec: 'a'.repeat(65), process: {} }],
      ['exec', { exec: 'a', process: {} }],
      ['resize', { target: '', rows: -1, cols: 70000 }],
      ['resize', { target: '', rows: 1, cols: 1 }],
      ['resize', { target: 'nobody', rows: 1, cols: 1 }],
      ['kill', { signal: 9, target: 'nobody' }],
      ['kill', { signal: 65 }],
      ['kill', {}],
      ['start', {}],
    ])
      assert.ok((await shim.control.ask(op, fields)).error.message.length > 0, op);
    assert.equal((await shim.control.ask('hello')).state, 'running');

    const flood = shim.connect();
    assert.throws(() => {
      for (let i = 0; i < 20; i++) flood.raw('x'.repeat(1 << 20));
    });
    await flood.closed;
    assert.equal((await shim.control.ask('hello')).state, 'running');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });
});
