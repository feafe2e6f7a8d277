import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import { refused } from '../helpers/api.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { DAEMON } from '../helpers/paths.js';
import { until, within } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const logging = (Type: string, Config: Record<string, string> = {}) => ({ LogConfig: { Type, Config } });
const PRINT = ['sh', '-c', 'echo one; echo two >&2; printf last'];

async function ended(cmd: string[], driver: string, options: Record<string, string> = {}, config: object = {}) {
  const id = await engine.launch({ Cmd: cmd, ...config, HostConfig: logging(driver, options) });
  await engine.wait(id);
  return id;
}

describe('json-file', () => {
  test('keeps the labels, variables and tag that are asked for, and shows them on demand', async () => {
    const id = await ended(
      ['echo', 'hi'],
      'json-file',
      { labels: 'a', env: 'FOO', 'env-regex': '^B', tag: '{{.ImageName}}' },
      { Labels: { a: 'x y', b: '2' }, Env: ['FOO=<1>', 'BAR=2', 'ODD=3'] },
    );
    const { LogPath } = await engine.inspect(id);
    const record = JSON.parse(readFileSync(LogPath, 'utf8')) as Record<string, unknown>;
    assert.deepEqual(record.attrs, { BAR: '2', FOO: '<1>', a: 'x y', tag: engine.image });
    assert.equal((await engine.logs(id)).stdout, 'hi\n');
    const tag = encodeURIComponent(engine.image);
    assert.equal((await engine.logs(id, { stdout: 1, details: 1 })).stdout, `BAR=2,FOO=%3C1%3E,a=x+y,tag=${tag} hi\n`);
    assert.match((await engine.logs(id, { stdout: 1, details: 1, timestamps: 1 })).stdout, /^\S{30} BAR=2,\S+ hi\n$/);
  });
});

describe('local', () => {
  test('keeps every byte, and the two streams', async () => {
    const id = await ended(['printf', 'a\\0\\377\\n\\n\\033[1m'], 'local');
    const { body } = await engine.api.get(`/containers/${id}/logs`, { stdout: 1 });
    const text = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 4]), Buffer.from('a\0\xff\n', 'latin1')]);
    assert.deepEqual(body.subarray(0, 12), text);
    const both = await engine.logs(await ended(PRINT, 'local'));
    assert.deepEqual(both, { stdout: 'one\nlast', stderr: 'two\n' });
    assert.equal((await engine.inspect(id)).LogPath, '');
  });

  test('since, until and tail as elsewhere', async () => {
    const id = await ended(['sh', '-c', 'for i in 1 2 3 4 5; do echo $i; usleep 2000; done'], 'local');
    const stamps = (await engine.logs(id, { stdout: 1, timestamps: 1 })).stdout
      .split('\n')
      .map((l) => l.split(' ')[0]!);
    assert.equal((await engine.logs(id, { stdout: 1, since: stamps[2]! })).stdout, '3\n4\n5\n');
    assert.equal((await engine.logs(id, { stdout: 1, until: stamps[1]! })).stdout, '1\n2\n');
    assert.equal((await engine.logs(id, { stdout: 1, tail: 2 })).stdout, '4\n5\n');
  });
});

/** A syslog daemon of datagrams that collects what it is sent. */
async function receiver(): Promise<{ address: string; messages: string[]; socket: Socket }> {
  const socket = createSocket('udp4');
  const messages: string[] = [];
  socket.on('message', (message) => messages.push(message.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `udp://127.0.0.1:${socket.address().port}`, messages, socket };
}

describe('syslog', () => {
  test('every line arrives, and can be read back', async () => {
    const { address, messages, socket } = await receiver();
    const options = { 'syslog-address': address, 'syslog-facility': 'local0', tag: 't/{{.Name}}' };
    const id = await engine.launch({ Cmd: PRINT, HostConfig: logging('syslog', options) });
    await engine.wait(id);
    await until('all messages', () => messages.length === 3);
    const { Name } = await engine.inspect(id);
    const texts = messages.map((m) => m.replace(/\[\d+\]/, '[1]').replace(/> ?.{15} /, '>'));
    assert.deepEqual(texts.sort(), [`<131>t${Name}[1]: two\n`, `<134>t${Name}[1]: last\n`, `<134>t${Name}[1]: one\n`]);
    assert.deepEqual(await engine.logs(id), { stdout: 'one\nlast', stderr: 'two\n' });
    socket.close();
  });

  test('without the copy to be read back there is none', async () => {
    const { address, messages, socket } = await receiver();
    const id = await ended(['echo', 'x'], 'syslog', { 'syslog-address': address, 'cache-disabled': 'true' });
    await until('the message', () => messages.length === 1);
    await refused(
      engine.api.get(`/containers/${id}/logs`, { stdout: 1 }),
      501,
      'configured logging driver does not support reading',
    );
    socket.close();
  });

  test('nobody listens: the start is refused with a sentence', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    const address = `tcp://127.0.0.1:${port}`;
    const id = await engine.create({ Cmd: PRINT, HostConfig: logging('syslog', { 'syslog-address': address }) });
    const reply = await engine.api.post(`/containers/${id}/start`);
    assert.equal(reply.status, 500);
    assert.match(reply.message, /failed to initialize logging driver: connect to tcp:\S+: connection refused/);
    assert.equal((await engine.inspect(id)).State.Status, 'created');
  });

  test('a server that does not read, or leaves, does not stop the container, which is said once', async () => {
    const server = net.createServer((socket) => socket.pause()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const connected = once(server, 'connection') as Promise<[net.Socket]>;
    const id = await engine.launch({
      Cmd: ['sh', '-c', `yes ${'x'.repeat(99)} | head -c 30000000`],
      HostConfig: logging('syslog', { 'syslog-address': address, 'cache-disabled': 'true' }),
    });
    const [socket] = await connected;
    assert.equal(await within('the end of the container', engine.wait(id)), 0);
    const said = engine.daemon!.log.split('\n').filter((line) => line.includes(id) && line.includes('is not logged'));
    assert.equal(said.length, 1, said.join('\n'));
    socket.destroy();
    server.close();
  });
});

test('journald: refused with a sentence where there is none', async () => {
  const id = await engine.create({ Cmd: PRINT, HostConfig: logging('journald') });
  const reply = await engine.api.post(`/containers/${id}/start`);
  const there = existsSync('/run/systemd/journal/socket');
  assert.equal(reply.status, there ? 204 : 400, reply.text);
  if (!there) assert.match(reply.message, /failed to initialize logging driver: journald is not enabled on this host/);
});

test('what is wrong is refused when the container is created', async () => {
  for (const [driver, options, message] of [
    ['json-file', { odd: '1' }, "unknown log opt 'odd' for json-file log driver"],
    ['local', { labels: 'a' }, "unknown log opt 'labels' for log driver local"],
    ['nobody', {}, 'error looking up logging plugin nobody: plugin "nobody" not found'],
    ['syslog', { 'syslog-address': 'http://a' }, "unsupported scheme: 'http'"],
  ] as const) {
    const body = { Image: engine.image, Cmd: ['true'], HostConfig: logging(driver, options) };
    await refused(engine.api.post('/containers/create', body), 400, message);
  }
});

describe('the defaults of the daemon', () => {
  test('stand in for what a container leaves open, and are told by info', async () => {
    const other = await Engine.open({ args: ['--log-driver', 'local', '--log-opt', 'max-size=1m'] });
    try {
      const logConfig = async (HostConfig: object) =>
        (
          (await other.inspect(await other.create({ Cmd: ['true'], HostConfig: { ...HostConfig } }))) as unknown as {
            HostConfig: { LogConfig: object };
          }
        ).HostConfig.LogConfig;
      assert.deepEqual(await logConfig({}), { Type: 'local', Config: { 'max-size': '1m' } });
      assert.deepEqual(await logConfig(logging('json-file')), { Type: 'json-file', Config: {} });
      assert.deepEqual(await logConfig(logging('', { 'max-file': '3' })), {
        Type: 'local',
        Config: { 'max-size': '1m', 'max-file': '3' },
      });
      assert.equal((await other.api.get('/info')).json<{ LoggingDriver: string }>().LoggingDriver, 'local');
    } finally {
      await other.close();
    }
  });

  test('wrong ones are a sentence, and no daemon', () => {
    const daemon = TestDaemon.prepare();
    const { status, stderr } = spawnSync(DAEMON, [...daemon.flags, '--log-opt', 'odd=1'], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /failed to set log opts: unknown log opt 'odd' for json-file log driver/);
  });
});
