// The name server of a container: sockets that the shim keeps and daemons answer on. Needs root.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unframe } from './connections.mjs';
import { Ground, Shim, shell } from './shim.mjs';

const daemon = (name) => import(join(dirname(fileURLToPath(import.meta.url)), `../../daemon/dist/${name}.js`));
const { closeFd, socketPair } = await daemon('kernel/socket');
const { receiveNameSockets } = await daemon('kernel/name-sockets');
const { NameServer } = await daemon('network/dns/server');
const { reply } = await daemon('network/dns/reply');

const ground = new Ground();
after(() => ground.remove());

/** What a daemon does at the event: it asks for the sockets, and answers every question for a name with one address. */
async function serve(control, address) {
  const [ours, theirs] = socketPair();
  const answer = await control.ask('resolver', {}, [theirs]);
  closeFd(theirs);
  assert.ok(answer.ok, JSON.stringify(answer));
  const sockets = receiveNameSockets(ours);
  closeFd(ours);
  const asked = [];
  const server = new NameServer(sockets, (query, by) => {
    asked.push(`${by} ${query.name}`);
    return reply(query, 0, query.type === 1 ? { addresses: [address] } : {}, 512);
  });
  after(() => server.close());
  return { server, asked };
}

const LOOK_UP = 'nslookup -type=a some.name 127.0.0.11';

/** Runs a script in a container with a name server; resolves with what it has written. */
function run(script) {
  const shim = new Shim(ground.bundle(shell(script), { resolver: true, stdin: { open: true, once: true } }));
  const streams = { stdin: true, stdout: true, stderr: true, mux: true };
  const client = shim.attach('', streams);
  const output = async () => {
    await shim.finish();
    await (await client).ended;
    return unframe((await client).bytes).stdout;
  };
  return { shim, client, output };
}

describe('the name server', { timeout: 60_000 }, () => {
  test('is asked for with the first question, and answers from port 53', async () => {
    const { shim, output } = run(LOOK_UP);
    await shim.start();
    await shim.control.event('resolver');
    const { server, asked } = await serve(shim.control, '192.0.2.1');
    assert.match(await output(), /Address: 192\.0\.2\.1/);
    assert.deepEqual(asked, ['udp some.name']);
    server.close();
  });

  test('goes on with another daemon: what is asked meanwhile waits', async () => {
    const { shim, client } = run(`${LOOK_UP}; echo first; read line; ${LOOK_UP}; echo second`);
    await shim.start();
    await shim.control.event('resolver');
    const first = await serve(shim.control, '192.0.2.1');
    await (await client).sees('first');
    first.server.close();
    shim.control.drop();
    (await client).write('go on\n');
    const next = shim.connect();
    await next.ask('hello');
    await next.event('resolver');
    const second = await serve(next, '192.0.2.2');
    await (await client).sees('second');
    await next.event('exit');
    next.ack('exit');
    await (await client).ended;
    assert.match(unframe((await client).bytes).stdout, /192\.0\.2\.1.*first.*192\.0\.2\.2.*second/s);
    await shim.ended;
    second.server.close();
  });

  test('leaves port 53 of all addresses to a server of the container, over UDP and TCP', async () => {
    const { shim, client, output } = run(`read line; ${LOOK_UP}`);
    const { pid } = await shim.start();
    // A program in the container's network namespace, which reports what it gets on 0.0.0.0:53, then asks itself.
    const program = `
      const udp = require('node:dgram').createSocket('udp4');
      const tcp = require('node:net').createServer((c) => c.on('data', (d) => { console.log('tcp', String(d)); process.exit(); }));
      udp.on('message', (d) => { console.log('udp', String(d)); require('node:net').connect(53, '127.0.0.1').end('one'); });
      tcp.listen(53, '0.0.0.0', () => udp.bind(53, '0.0.0.0', () => udp.send('one', 53, '127.0.0.1')));`;
    const { stdout } = await promisify(execFile)('nsenter', ['-t', pid, '-n', process.execPath, '-e', program]);
    assert.equal(stdout, 'udp one\ntcp one\n');
    (await client).write('go on\n');
    await shim.control.event('resolver');
    const { server } = await serve(shim.control, '192.0.2.3');
    assert.match(await output(), /192\.0\.2\.3/);
    server.close();
  });

  test('is opened later where the container was started without', async () => {
    const shim = new Shim(ground.bundle(shell('read line'), { stdin: { open: true, once: true } }));
    await shim.start();
    assert.ok((await shim.control.ask('resolver')).ok);
    assert.ok((await shim.control.ask('resolver')).ok);
    const client = await shim.attach('', { stdin: true, stdout: true, stderr: true, mux: true });
    const exec = 'e'.repeat(64);
    const asks = await shim.control.ask('exec', { exec, process: shell(LOOK_UP), user: '', groups: [], stdin: false });
    assert.ok(asks.ok, JSON.stringify(asks));
    await shim.control.event('resolver');
    const { server, asked } = await serve(shim.control, '192.0.2.4');
    const { status } = await shim.control.event('exec-exit');
    assert.equal(status, 0);
    assert.deepEqual(asked, ['udp some.name']);
    shim.control.ack('exec-exit', exec);
    client.half();
    await shim.finish();
    server.close();
  });

  test('is not to be had of a container without a network of its own', async () => {
    const bundle = ground.bundle(shell('read line'), {
      namespaces: ['mount', 'pid', 'uts', 'ipc'],
      stdin: { open: true, once: true },
      resolver: true,
    });
    const shim = new Shim(bundle);
    await shim.start();
    assert.equal((await shim.control.ask('resolver')).error.errno, 'ESRCH');
    await shim.control.ask('kill', { signal: 9 });
    await shim.finish();
  });
});
