import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { notFound } from '@tinydocker/shared/errors.js';
import Fastify, { type FastifyInstance } from 'fastify';
import { installBodyParsers } from './body.js';
import { installErrors } from './errors.js';
import { takeOver } from './hijack.js';
import { installUpgrade } from './upgrade.js';
import { compileValidator } from './validator.js';
import { installVersion, rewriteUrl } from './version.js';

const dir = mkdtempSync(join(tmpdir(), 'td-hijack-'));
const path = join(dir, 's');
let app: FastifyInstance;

/** Takes the connection, tells what it was asked and what came early, and hands the descriptor to a socket that echoes. */
before(async () => {
  app = Fastify({ rewriteUrl, serverFactory: (handler) => createServer(handler) });
  app.setValidatorCompiler((({ schema, httpPart }: { schema: unknown; httpPart: string }) =>
    compileValidator(schema, httpPart)) as never);
  installErrors(app);
  installVersion(app);
  installBodyParsers(app);
  installUpgrade(app.server, app.routing);
  const body = { type: 'object', properties: { Tty: { type: 'boolean' }, Text: { type: 'string' } } };
  const take = async (request: Parameters<typeof takeOver>[0], reply: Parameters<typeof takeOver>[1]) => {
    if ((request.params as { id: string }).id === 'missing') throw notFound('No such container: missing');
    const taken = takeOver(request, reply);
    taken.accept(true);
    taken.write(Buffer.from(`<${JSON.stringify(request.body ?? null)}|${taken.early}>`));
    // The end must come from what this hands on, as it comes from the shim.
    const { Socket: NetSocket } = await import('node:net');
    const echo = new NetSocket({ fd: taken.fd, allowHalfOpen: true });
    echo.on('data', (data) => echo.write(data));
    echo.on('end', () => echo.end('[end]'));
  };
  app.post('/containers/:id/attach', take);
  app.post('/exec/:id/start', { schema: { body } }, take);
  app.post('/plain', { schema: { body } }, (request, reply) => {
    reply.send({ body: request.body });
  });
  app.get('/plain', (_request, reply) => {
    reply.send({ ok: true });
  });
  await app.listen({ path });
});

after(async () => {
  await app.close();
  rmSync(dir, { recursive: true });
});

/** Sends pieces one by one, each when the one before has gone, and returns all that comes until the other side ends. */
async function talk(pieces: readonly (string | Buffer)[], end = true): Promise<string> {
  const socket: Socket = connect({ path, allowHalfOpen: true });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text;
  });
  const ended = once(socket, 'end');
  await once(socket, 'connect');
  for (const piece of pieces) {
    await new Promise((sent) => socket.write(piece, sent));
    // Another request goes round in between, so that the daemon has read the piece by itself.
    await ping();
  }
  if (end) socket.end();
  await ended;
  socket.destroy();
  return received;
}

async function ping(): Promise<void> {
  const socket = connect(path);
  socket.write('GET /plain HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const attach = (headers = '', url = '/v1.51/containers/x/attach?stream=1') =>
  `POST ${url} HTTP/1.1\r\nHost: d\r\n${headers}\r\n`;
const start = (headers: string) => `POST /exec/x/start HTTP/1.1\r\nHost: d\r\n${JSON_TYPE}${headers}\r\n`;

/** The answer's status line, type of stream, and what follows the head. */
function parts(received: string): [status: string, type: string, rest: string] {
  const end = received.indexOf('\r\n\r\n');
  const head = received.slice(0, end);
  return [head.split('\r\n')[0]!, /content-type: (.*)/i.exec(head)?.[1] ?? '', received.slice(end + 4)];
}

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

test('attach with Upgrade is answered 101, and every byte behind the head is standard input', async () => {
  const received = await talk([`${attach(UPGRADE)}early `, 'late']);
  assert.deepEqual(parts(received), ['HTTP/1.1 101 UPGRADED', MULTIPLEXED, '<null|early >late[end]']);
  assert.match(received, /\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/);
  assert.match(received, /\r\nApi-Version: 1.51\r\n/);
});

test('attach without Upgrade is answered 200, and early input is not taken for another request', async () => {
  for (const early of ['early ', 'GET / HTTP/1.1\r\n\r\n', 'PO', '\r\n\r\n', '\0\xff']) {
    const received = await talk([Buffer.from(`${attach()}${early}`, 'latin1'), 'late']);
    assert.deepEqual(parts(received), [
      'HTTP/1.1 200 OK',
      RAW,
      `<null|${Buffer.from(early, 'latin1').toString()}>`.replace('\ufffd', '\xef\xbf\xbd').concat('late[end]'),
    ]);
  }
});

test('clients before 1.42 know the raw stream only', async () => {
  const received = await talk([attach(UPGRADE, '/v1.41/containers/x/attach')]);
  assert.deepEqual(parts(received), ['HTTP/1.1 101 UPGRADED', RAW, '<null|>[end]']);
});

test('a head in pieces', async () => {
  for (const headers of [UPGRADE, '']) {
    const all = `${attach(headers)}early`;
    const received = await talk([all.slice(0, 10), all.slice(10, -7), all.slice(-7, -5), all.slice(-5), ' late']);
    assert.match(parts(received)[2], /^<null\|(early)?>(early)? late\[end\]$/);
  }
});

test('the body of exec start, by length and chunked, with and without Upgrade, in one piece and in many', async () => {
  const json = '{"Tty":true,"Text":"ä€"}';
  const size = Buffer.byteLength(json);
  const bytes = Buffer.from(json);
  const chunks = Buffer.concat([
    Buffer.from('5;name="x"\r\n'),
    bytes.subarray(0, 5),
    Buffer.from(`\r\n${(size - 5).toString(16).toUpperCase()}\r\n`),
    bytes.subarray(5),
    Buffer.from('\r\n0\r\nTrailer: x\r\n\r\n'),
  ]);
  const forms: [string, Buffer][] = [
    [`Content-Length: ${size}\r\n`, bytes],
    ['Transfer-Encoding: chunked\r\n', chunks],
  ];
  for (const upgrade of [UPGRADE, '']) {
    for (const [header, body] of forms) {
      const all = Buffer.concat([Buffer.from(start(upgrade + header)), body, Buffer.from('early')]);
      const whole = parts(await talk([all]));
      assert.deepEqual(whole, [
        upgrade ? 'HTTP/1.1 101 UPGRADED' : 'HTTP/1.1 200 OK',
        upgrade ? MULTIPLEXED : RAW,
        `<${Buffer.from(json).toString('latin1')}|early>[end]`,
      ]);
      for (const cut of [
        start(upgrade + header).length,
        start(upgrade + header).length + 3,
        all.length - 8,
        all.length - 5,
      ]) {
        const rest = parts(await talk([all.subarray(0, cut), all.subarray(cut), ' late']))[2];
        assert.match(rest, /\|(early)?>(early)? late\[end\]$/, `cut at ${cut}`);
        assert.ok(rest.startsWith(`<${Buffer.from(json).toString('latin1')}|`), `cut at ${cut}`);
      }
    }
  }
});

test('what goes wrong before the connection is taken is an ordinary answer', async () => {
  for (const headers of [UPGRADE, '']) {
    const missing = await talk([attach(headers, '/containers/missing/attach')], false);
    assert.match(missing, /^HTTP\/1.1 404 Not Found\r\n.*\r\n\r\n\{"message":"No such container: missing"\}$/s);
    const wrong = await talk([`${start(`${headers}Content-Length: 9\r\n`)}{"Tty":3}`], false);
    assert.match(wrong, /^HTTP\/1.1 400 Bad Request\r\n.*"invalid JSON: Tty must be true or false, not an integer"/s);
    const version = await talk([attach(headers, '/v1.99/containers/x/attach')], false);
    assert.match(version, /^HTTP\/1.1 400 .*client version 1.99 is too new/s);
  }
});

test('malformed chunks are refused', async () => {
  for (const chunk of ['zz\r\n', '5\r\nhelloX\r\n', `${'1'.repeat(5000)}\r\n`, '\r\n']) {
    const received = await talk([`${start(`${UPGRADE}Transfer-Encoding: chunked\r\n`)}${chunk}`], false);
    assert.match(received, /^HTTP\/1.1 400 .*malformed chunked encoding/s);
  }
});

test('Upgrade on other requests counts for nothing', async () => {
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n';
  const get = await talk([`GET /plain HTTP/1.1\r\nHost: d\r\n${h2c}\r\n`], false);
  assert.match(get, /^HTTP\/1.1 200 OK\r\n.*\r\nConnection: close\r\n.*\{"ok":true\}$/s);
  const post = await talk(
    [`POST /plain HTTP/1.1\r\nHost: d\r\n${JSON_TYPE}${h2c}Content-Length: 12\r\n\r\n{"Tty"`, ':true}'],
    false,
  );
  assert.match(post, /^HTTP\/1.1 200 OK\r\n.*\{"body":\{"Tty":true\}\}$/s);
});

test('a connection used before can be taken over', async () => {
  const received = await talk(['GET /plain HTTP/1.1\r\nHost: d\r\n\r\n', `${attach()}early`, ' late']);
  assert.match(received, /\{"ok":true\}HTTP\/1.1 200 OK\r\n.*<null\|early> late\[end\]$/s);
});

test('a client that leaves within the body or before the answer does no harm', async () => {
  const socket = connect(path);
  await once(socket, 'connect');
  await new Promise((sent) => socket.write(start(`${UPGRADE}Content-Length: 100\r\n`), sent));
  socket.destroy();
  await once(socket, 'close');
  assert.match(await talk([attach(UPGRADE)]), /\[end\]$/);
});

test('closing the server does not wait for taken connections', async () => {
  const other = Fastify({ serverFactory: (handler) => createServer(handler) });
  installVersion(other);
  installUpgrade(other.server, other.routing);
  let close = () => {};
  other.post('/containers/:id/attach', async (request, reply) => {
    const taken = takeOver(request, reply);
    taken.accept(false);
    close = () => taken.close();
  });
  const otherPath = join(dir, 'other');
  await other.listen({ path: otherPath });
  const socket = connect(otherPath);
  socket.write(attach(UPGRADE));
  await once(socket, 'data');
  await other.close();
  const ended = once(socket, 'end');
  close();
  await ended;
  socket.destroy();
});
