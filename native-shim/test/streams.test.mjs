// docs/shim-protocol.md, streams: stdin, terminals, and clients of every kind. Needs root.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { ALL, unframe } from './connections.mjs';
import { Ground, Shim, shell } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const run = (script, options, more) => new Shim(ground.bundle(shell(script, more), options));
const OUTPUT = { stdin: false, stdout: true, stderr: true, mux: true };
const INPUT = { open: true, once: true };

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
