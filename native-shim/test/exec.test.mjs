// docs/shim-protocol.md: further processes in a running container. Needs root.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ALL, unframe } from './connections.mjs';
import { Ground, Shim, shell } from './shim.mjs';

const ground = new Ground();
after(() => ground.remove());

const run = (script, options, more) => new Shim(ground.bundle(shell(script, more), options));
const INPUT = { open: true, once: true };
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

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

  test('tells its end before its client sees it, and is remembered until that is acknowledged', async () => {
    const shim = run('sleep 100');
    await shim.start();
    const { client } = await shim.exec(id(3), shell('exit 4'), ALL);
    await client.ended;
    const { execs } = await shim.control.ask('hello');
    const told = shim.control.events.find(({ event }) => event === 'exec-exit');
    assert.deepEqual(told, { event: 'exec-exit', exec: id(3), status: 4, signal: 0 });
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
    // The steps of the start come whenever there is time for them.
    const events = shim.control.events.map((e) => e.event).filter((name) => name !== 'steps');
    assert.deepEqual(events, ['exec-exit', 'exit']);
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
