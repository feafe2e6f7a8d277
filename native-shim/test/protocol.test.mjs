// docs/shim-protocol.md, operation by operation, with a real shim and real containers. Needs root.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ALL, Ground, Shim, shell, unframe } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const run = (script, options, more) => new Shim(ground.bundle(shell(script, more), options));
const OUTPUT = { stdin: false, stdout: true, stderr: true, mux: true };
const INPUT = { open: true, once: true };
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
const exit = (bundle) => JSON.parse(readFileSync(join(bundle.dir, 'exit.json'), 'utf8'));

describe('a container', { timeout: 60_000 }, () => {
  test('gets its status, its output and its end reported', async () => {
    const shim = run('echo out; echo err >&2; exit 7');
    const client = await shim.attach('', OUTPUT);
    const started = await shim.start();
    assert.ok(started.pid > 0 && started.startTime > 0 && Array.isArray(started.steps));

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

describe('stdin', { timeout: 60_000 }, () => {
  test('that came early and through the connection arrives in order, and its end closes it', async () => {
    const shim = run('cat; echo done', { stdin: INPUT });
    const client = await shim.attach('', { ...ALL, early: Buffer.from('first ').toString('base64') });
    client.write('second\n');
    client.half();
    await shim.start();
    await shim.finish();
    await client.ended;
    assert.equal(unframe(client.bytes).stdout, 'first second\ndone\n');
  });

  test('of a client that is gone altogether before the start arrives too', async () => {
    const shim = run('cat', { stdin: INPUT });
    const client = await shim.attach('', ALL);
    client.write('from afar\n');
    client.socket.destroySoon();
    await shim.control.event('detach');
    await shim.start();
    await shim.finish();
    assert.equal(shim.logged('stdout'), 'from afar\n');
  });

  test('is not closed by its client where it is not `once`; the attachment ends', async () => {
    const shim = run('cat', { stdin: { open: true, once: false } });
    const first = await shim.attach('', ALL);
    await shim.start();
    first.write('one\n');
    await first.sees('one\n');
    first.half();
    await first.ended;
    assert.equal((await shim.control.event('detach')).reason, 'gone');

    const second = await shim.attach('', ALL);
    second.write('two\n');
    await second.sees('two\n');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
    assert.equal(shim.logged('stdout'), 'one\ntwo\n');
  });

  test('of several MiB goes through', async () => {
    const shim = run('cat | wc -c', { stdin: INPUT });
    const client = await shim.attach('', { ...ALL, early: Buffer.alloc(3 << 20, 'x').toString('base64') });
    await shim.start();
    client.write(Buffer.alloc(5 << 20, 'y'));
    client.half();
    await shim.finish();
    await client.ended;
    assert.equal(unframe(client.bytes).stdout.trim(), String(8 << 20));
  });

  test('that the process does not read does not disturb its output', async () => {
    const shim = run('exec 0<&-; echo closed; sleep 0.2; echo end', { stdin: INPUT });
    const client = await shim.attach('', ALL);
    await shim.start();
    client.write(Buffer.alloc(4 << 20, 'z'));
    await shim.finish();
    await client.ended;
    assert.equal(unframe(client.bytes).stdout, 'closed\nend\n');
    assert.equal(client.error?.code ?? 'EPIPE', 'EPIPE'); // never ECONNRESET, which would have cost output
  });
});

describe('a terminal', { timeout: 60_000 }, () => {
  const terminal = { terminal: true, consoleSize: { height: 24, width: 80 } };
  const RAW = { stdin: true, stdout: true, stderr: true, mux: false };

  test('has its size, before and after the start', async () => {
    const shim = run('stty size; read x; stty size', { stdin: INPUT }, terminal);
    const client = await shim.attach('', RAW);
    assert.ok((await shim.control.ask('resize', { target: '', rows: 33, cols: 99 })).ok);
    await shim.start();
    await client.sees('33 99\r\n');
    assert.ok((await shim.control.ask('resize', { target: '', rows: 50, cols: 132 })).ok);
    client.write('\n');
    await client.sees('50 132\r\n');
    await shim.finish();
    await client.ended;
    assert.equal(shim.logged('stdout'), client.output);
  });

  test('delivers all that was written before the end', async () => {
    const shim = run('seq 1 20000', {}, terminal);
    const client = await shim.attach('', { ...RAW, stdin: false });
    await shim.start();
    await shim.finish();
    await client.ended;
    assert.ok(client.output.endsWith('19999\r\n20000\r\n'));
    assert.equal(client.output.split('\r\n').length, 20001);
  });

  test('may be closed and opened again by the process', async () => {
    const shim = run('exec 0<&- 1>&- 2>&-; sleep 0.05; echo again >/dev/console', {}, terminal);
    const client = await shim.attach('', { ...RAW, stdin: false });
    await shim.start();
    await shim.finish();
    await client.ended;
    assert.equal(client.output, 'again\r\n');
  });

  test('that nobody reads keeps no one busy', async () => {
    const shim = run('stty raw; echo ready; sleep 100', { stdin: INPUT }, terminal);
    const client = await shim.attach('', RAW);
    await shim.start();
    await client.sees('ready');
    client.write(Buffer.alloc(1 << 20, 'x'));
    const ticks = () => readFileSync(`/proc/${shim.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).join();
    let before = '';
    // Its processor time comes to a stop.
    for (let now = ticks(); now !== before; now = ticks()) {
      before = now;
      for (let i = 0; i < 200; i++) await fsPromises.readFile(`/proc/${shim.pid}/stat`);
    }
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('lets a client go by its keys, which nobody else sees', async () => {
    const shim = run(
      'stty raw -echo; echo ready; while read -n 1 x; do printf "<%s>" "$x"; done',
      { stdin: INPUT },
      terminal,
    );
    const client = await shim.attach('', { ...RAW, detachKeys: [16, 17] });
    await shim.start();
    await client.sees('ready');
    client.write('a');
    await client.sees('<a>');
    client.write(Buffer.from([16]));
    client.write('b');
    await client.sees('<b>');
    client.write(Buffer.from([16, 16]));
    client.write(Buffer.from([17]));
    await client.ended;
    assert.deepEqual(await shim.control.event('detach'), { event: 'detach', target: '', reason: 'keys' });

    const second = await shim.attach('', RAW);
    second.write('c');
    await second.sees('<c>');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });
});

describe('an exec', { timeout: 60_000 }, () => {
  const id = (n) => n.toString(16).padStart(64, 'e');

  test('has streams, early stdin and a status of its own', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { answer, client } = await shim.exec(
      id(1),
      shell('cat; echo err >&2; exit 3'),
      { ...ALL, early: Buffer.from('early ').toString('base64') },
      true,
    );
    assert.ok(answer.pid > 0);
    client.write('late\n');
    client.half();
    const event = await shim.control.event('exec-exit');
    assert.deepEqual(event, { event: 'exec-exit', exec: id(1), status: 3, signal: 0 });
    shim.control.ack('exec-exit', id(1));
    await client.ended;
    assert.deepEqual(unframe(client.bytes), { stdout: 'early late\n', stderr: 'err\n' });
    assert.deepEqual((await shim.control.ask('hello')).execs, []);
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('keeps its client until the end is acknowledged', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(id(2), shell('echo x'), ALL);
    let ended = false;
    client.ended.then(() => {
      ended = true;
    });
    await shim.control.event('exec-exit');
    await shim.control.ask('hello'); // a round trip: time enough to see an end that should not be
    assert.equal(ended, false);
    shim.control.ack('exec-exit', id(2));
    await client.ended;
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('waits a second for an acknowledgement, no longer, and is remembered', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(id(3), shell('exit 4'), ALL);
    await client.ended;
    const { execs } = await shim.control.ask('hello');
    assert.deepEqual(
      execs.map(({ exec, running, status }) => ({ exec, running, status })),
      [{ exec: id(3), running: false, status: 4 }],
    );
    shim.control.ack('exec-exit', id(3));
    assert.deepEqual((await shim.control.ask('hello')).execs, []);
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('ends while a descendant holds its output: what is there is delivered', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(id(4), shell('sleep 90 & echo here'), ALL);
    await shim.control.event('exec-exit');
    shim.control.ack('exec-exit', id(4));
    await client.ended;
    assert.equal(unframe(client.bytes).stdout, 'here\n');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('with a terminal has a size and can be killed', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(
      id(5),
      shell('stty size; sleep 100', { terminal: true, consoleSize: { height: 10, width: 20 } }),
      { ...ALL, mux: false },
      true,
    );
    await client.sees('10 20\r\n');
    assert.ok((await shim.control.ask('resize', { target: id(5), rows: 11, cols: 21 })).ok);
    assert.ok((await shim.control.ask('kill', { target: id(5), signal: 9 })).ok);
    assert.equal((await shim.control.event('exec-exit')).status, 137);
    shim.control.ack('exec-exit', id(5));
    await client.ended;
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('that cannot be started is an error; the container goes on', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { answer } = await shim.exec(id(6), { ...shell(''), args: ['/nothing'] }, ALL);
    assert.equal(answer.exitCode, 127);
    assert.equal((await shim.control.ask('hello')).state, 'running');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });

  test('ends with the container, and is reported before it', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(id(7), shell('echo up; sleep 100'), ALL);
    await client.sees('up');
    await shim.control.ask('kill', { signal: 9 });
    await shim.control.event('exit');
    assert.deepEqual(
      shim.control.events.map((e) => e.event),
      ['exec-exit', 'exit'],
    );
    await shim.finish();
    await client.ended;
  });

  test("ends with a container that has the host's pid namespace", async () => {
    const bundle = ground.bundle(shell('sleep 90 & read x'), { stdin: INPUT, namespaces: ['mount', 'ipc'] });
    const shim = new Shim(bundle);
    const stdin = await shim.attach('', ALL);
    const { pid } = await shim.start();
    const { answer, client } = await shim.exec(id(8), shell('echo up; sleep 100'), ALL);
    await client.sees('up');
    stdin.write('\n');
    const { status } = await shim.control.event('exec-exit');
    assert.equal(status, 137);
    await shim.finish();
    await client.ended;
    assert.ok(!existsSync(`/proc/${pid}`) && !existsSync(`/proc/${answer.pid}`));
  });

  test('after many of them nothing has grown', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const some = async (from, count) => {
      for (let i = from; i < from + count; i++) {
        const { client } = await shim.exec(id(i), shell('echo x'), ALL);
        await shim.control.event('exec-exit', (e) => e.exec === id(i));
        shim.control.ack('exec-exit', id(i));
        await client.ended;
        shim.control.events.length = 0;
      }
      await shim.control.ask('hello');
    };
    await some(100, 5);
    const before = descriptors(shim.pid);
    await some(200, 100);
    assert.equal(descriptors(shim.pid), before);
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });
});

describe('clients', { timeout: 60_000 }, () => {
  test('that vanish do not matter', async () => {
    const shim = run('read x; seq 1 50000', { stdin: INPUT });
    const gone = await shim.attach('', OUTPUT);
    const stays = await shim.attach('', ALL);
    await shim.start();
    gone.destroy();
    assert.equal((await shim.control.event('detach')).reason, 'gone');
    stays.write('\n');
    await shim.finish();
    await stays.ended;
    assert.ok(unframe(stays.bytes).stdout.endsWith('50000\n'));
  });

  test('that do not read hold the container back, and get all of it when they do', async () => {
    const shim = run('seq 1 300000');
    const slow = await shim.attach('', OUTPUT, { paused: true });
    await shim.start();
    // It has come to a stop: the log has stopped growing, far from complete.
    let size = -1;
    for (let now = 0; now !== size || now === 0; ) {
      size = now;
      for (let i = 0; i < 50; i++) await shim.control.ask('hello');
      now = existsSync(shim.bundle.logPath) ? readFileSync(shim.bundle.logPath).length : 0;
    }
    assert.equal((await shim.control.ask('hello')).state, 'running');
    slow.resume();
    await shim.finish();
    await slow.ended;
    const { stdout } = unframe(slow.bytes);
    assert.ok(stdout.endsWith('300000\n'));
    assert.equal(stdout.length, shim.logged('stdout').length);
  });

  test('that do not read do not hold back the end, and lose nothing', async () => {
    const shim = run('head -c 250000 /dev/zero; exit 5');
    const slow = await shim.attach('', { ...OUTPUT, mux: false }, { paused: true });
    await shim.start();
    // By now some of it is with the client's socket, some with the shim, some in the pipe.
    while (!shim.logged('stdout')) await shim.control.ask('hello');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
    slow.resume();
    await slow.ended;
    assert.equal(slow.bytes.length, shim.logged('stdout').length);
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
