import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { EventMessage } from '@tinydocker/shared/api/events.js';
import { SystemInfo, SystemVersion } from '@tinydocker/shared/api/system.js';
import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { compileValidator } from './api/validator.js';
import { createApp } from './app.js';
import { type Config, loadConfig } from './config.js';
import { createDeps, type Deps } from './deps.js';
import { type Listeners, listen } from './listen.js';
import { Paths } from './paths.js';

const dir = mkdtempSync(join(tmpdir(), 'td-app-'));
const socketPath = join(dir, 's');
let deps: Deps;
let app: FastifyInstance;
let listeners: Listeners;

before(async () => {
  writeFileSync(join(dir, 'daemon.json'), '{}');
  const roots = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')];
  const group = ['-G', String(process.getgid!())];
  const config: Config = loadConfig(['--config-file', join(dir, 'daemon.json'), '-H', socketPath, ...roots, ...group]);
  mkdirSync(config.dataRoot);
  deps = createDeps(config, new Paths(config.dataRoot, config.execRoot), pino({ level: 'silent' }));
  app = await createApp(deps);
  listeners = await listen(app.server, config);
});

after(async () => {
  listeners.close();
  await app.close();
  deps.close();
  rmSync(dir, { recursive: true });
});

async function answer(client: ClientRequest): Promise<IncomingMessage> {
  client.end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return response;
}

const open = (path: string, method = 'GET') => answer(request({ socketPath, path, method, agent: false }));

async function text(response: IncomingMessage): Promise<string> {
  let all = '';
  for await (const piece of response.setEncoding('utf8')) all += piece;
  return all;
}

test('ping says what dockerd says', async () => {
  for (const method of ['GET', 'HEAD']) {
    const response = await open('/v1.40/_ping', method);
    assert.equal(response.statusCode, 200);
    assert.equal(await text(response), method === 'GET' ? 'OK' : '');
    const { headers } = response;
    assert.equal(headers['content-length'], method === 'GET' ? '2' : '0');
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['api-version'], '1.51');
    assert.equal(headers['builder-version'], '1');
    assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.equal(headers.pragma, 'no-cache');
    assert.equal(headers.swarm, 'inactive');
  }
});

test('version and info have all that their schemas promise', async () => {
  for (const [path, schema] of [
    ['/version', SystemVersion],
    ['/info', SystemInfo],
  ] as const) {
    const response = await open(path);
    assert.equal(response.headers['content-type'], 'application/json');
    const value = JSON.parse(await text(response));
    assert.deepEqual(compileValidator(schema, 'body')(structuredClone(value)), { value });
  }
});

test('the engine keeps its id', async () => {
  const id = async () => JSON.parse(await text(await open('/info'))).ID;
  assert.match(await id(), /^[0-9a-f-]{36}$/);
  assert.equal(await id(), await id());
});

test('the OpenAPI page shows every route', async () => {
  const page = JSON.parse(await text(await open('/openapi.json')));
  assert.match(page.openapi, /^3\./);
  for (const path of [
    '/_ping',
    '/events',
    '/containers/create',
    '/containers/{id}/steps',
    '/exec/{id}/start',
    '/images/json',
  ]) {
    assert.ok(page.paths[path], path);
  }
  const body = page.paths['/containers/create'].post.requestBody.content['application/json'].schema;
  assert.equal(body.properties.HostConfig.properties.Memory.description, 'Limit of the memory, in bytes; 0 is none.');
});

test('what is not there is 404 in Docker’s form, whatever the method', async () => {
  for (const [method, path] of [
    ['GET', '/swarm'],
    ['POST', '/_ping'],
    ['HEAD', '/info'],
    ['OPTIONS', '/info'],
    ['GET', '/containers/x/nothing'],
  ] as const) {
    const response = await open(path, method);
    assert.equal(response.statusCode, 404, `${method} ${path}`);
    assert.equal(await text(response), method === 'HEAD' ? '' : '{"message":"page not found"}');
  }
});

/** Reads events until there are `count`. */
async function read(response: IncomingMessage, count: number): Promise<EventMessage[]> {
  const decoder = new LineDecoder<EventMessage>();
  const events: EventMessage[] = [];
  for await (const piece of response) {
    events.push(...decoder.push(piece));
    if (events.length >= count) break;
  }
  return events;
}

test('events come as they happen, filtered, after those of the past that were asked for', async () => {
  deps.events.publish('image', 'tag', 'one', { name: 'x' });
  // The head comes before there is any event: clients wait for it.
  const response = await open(`/events?since=0&filters=${encodeURIComponent('{"type":["image"]}')}`);
  assert.equal(response.headers['content-type'], 'application/json');
  deps.events.publish('container', 'start', 'not meant', {});
  deps.events.publish('image', 'untag', 'two', { name: 'x' });
  assert.deepEqual(
    (await read(response, 2)).map((event) => `${event.Action} ${event.Actor.ID}`),
    ['tag one', 'untag two'],
  );
});

test('events of the past end by themselves', async () => {
  deps.events.publish('image', 'tag', 'three', {});
  const past = await open(`/events?until=${Date.now() / 1000 + 0.05}`);
  assert.match(await text(past), /"three"/);
  assert.equal(await text(await open('/events?since=1&until=2')), '');
  for (const query of ['since=x', 'until=x', 'filters=x', 'filters={"colour":["red"]}', 'since=3&until=2']) {
    const response = await open(`/events?${query.replaceAll('"', '%22')}`);
    assert.equal(response.statusCode, 400, query);
  }
});

test('a client that does not read is dropped, and one that leaves is forgotten', async () => {
  const before = deps.events.listeners;
  const deaf = connect(socketPath);
  deaf.write('GET /events HTTP/1.1\r\nHost: d\r\n\r\n');
  await once(deaf, 'readable');
  assert.equal(deps.events.listeners, before + 1);
  const attributes = { filler: 'x'.repeat(100_000) };
  for (let i = 0; i < 100; i++) deps.events.publish('image', 'tag', 'big', attributes);
  const leaving = await open('/events');
  leaving.destroy();
  await once(leaving, 'close');
  deaf.on('error', () => {}).resume();
  await once(deaf, 'close');
  await text(await open('/_ping'));
  assert.equal(deps.events.listeners, before);
});

test('what is no HTTP is told so', async () => {
  for (const [bytes, status, message] of [
    ['nonsense\r\n\r\n', 400, 'malformed HTTP request'],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`, 431, 'request headers are too large'],
    [
      'POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'malformed HTTP request',
    ],
  ] as const) {
    const socket = connect(socketPath);
    socket.on('error', () => {});
    socket.write(bytes);
    let received = '';
    for await (const piece of socket.setEncoding('utf8')) received += piece;
    assert.ok(received.startsWith(`HTTP/1.1 ${status} `), received);
    assert.ok(received.includes(JSON.stringify({ message })), received);
  }
});

test('a body beyond the limit is refused', async () => {
  const client = request({ socketPath, path: '/containers/create', method: 'POST', agent: false });
  client.setHeader('Content-Type', 'application/json');
  client.setHeader('Content-Length', 20_000_000);
  const response = await answer(client.on('error', () => {}));
  assert.equal(response.statusCode, 413);
  assert.equal(await text(response), '{"message":"request body is too large"}');
});
