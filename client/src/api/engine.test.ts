import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Engine } from './engine.js';
import { ApiError, ConnectionError } from './errors.js';
import { chooseHost } from './host.js';

const directory = mkdtempSync(join(tmpdir(), 'tdctl-'));
after(() => rmSync(directory, { recursive: true }));

let count = 0;
/** An engine whose socket `server` listens on. */
async function listen(server: net.Server | http.Server): Promise<Engine> {
  const path = join(directory, `${count++}.sock`);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  after(() => {
    server.close();
    if (server instanceof http.Server) server.closeAllConnections();
  });
  return new Engine({ url: `unix://${path}`, path });
}

const raw = (answer: string) => net.createServer((socket) => socket.on('error', () => {}).end(answer));

test('requests one after the other share a connection; paths have the version and the query', async () => {
  let connections = 0;
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify({ method: request.method, url: request.url, body }));
  });
  server.on('connection', () => connections++);
  const engine = await listen(server);
  assert.deepEqual(await engine.get('/info', { a: 'b c&', b: true, c: false, d: undefined, n: 0 }), {
    method: 'GET',
    url: '/v1.51/info?a=b%20c%26&b=1&n=0',
    body: '',
  });
  assert.deepEqual(await engine.post('/x', {}, { a: 'é' }), { method: 'POST', url: '/v1.51/x', body: '{"a":"é"}' });
  assert.equal(connections, 1);
});

test('a stream is sent as it comes', async () => {
  const server = http.createServer(async (request, response) => {
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    response.end(String(size));
  });
  const engine = await listen(server);
  async function* content() {
    for (let i = 0; i < 50; i++) yield Buffer.alloc(100_000);
  }
  assert.equal(await (await engine.upload('/images/load', {}, content())).text(), '5000000');
});

test("the daemon's words are the error, with its status", async () => {
  const engine = await listen(
    http.createServer((_, response) => response.writeHead(404).end('{"message":"No such container: x"}')),
  );
  await assert.rejects(engine.get('/containers/x/json'), new ApiError(404, 'No such container: x'));
});

test('what is no engine is told so', async () => {
  const web = await listen(http.createServer((_, response) => response.writeHead(404).end('<html>')));
  await assert.rejects(web.get('/info'), /is not a tinydocker daemon \(it answers GET \/info with 404\)/);
  const text = await listen(http.createServer((_, response) => response.end('hello')));
  await assert.rejects(text.get('/info'), /its answer to GET \/info is not JSON/);
  await assert.rejects((await listen(raw('SSH-2.0-x\r\n'))).get('/info'), /it does not answer in HTTP/);
});

test('a daemon that is too old says what to update', async () => {
  const message = 'client version 1.51 is too new. Maximum supported API version is 1.44';
  const engine = await listen(
    http.createServer((_, response) => response.writeHead(400).end(JSON.stringify({ message }))),
  );
  await assert.rejects(engine.get('/info'), /Maximum supported API version is 1.44: update the daemon at unix:/);
});

test('a connection that breaks is told from one that cannot be made', async () => {
  const broken = await listen(raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal'));
  await assert.rejects(broken.get('/info'), /^ConnectionError: lost the connection to the tinydocker daemon/);
  const at = (path: string) => new Engine({ url: `unix://${path}`, path }).get('/info');
  await assert.rejects(at(join(directory, 'none.sock')), /^ConnectionError: Cannot connect .*start it with/);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await assert.rejects(at(file), /is not a socket/);
});

test('a connection is taken over: both directions, and what came with the head', async () => {
  const server = http.createServer();
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ');
    socket.on('data', (data) => socket.write(String(data).toUpperCase()));
    socket.on('end', () => socket.end('end'));
  });
  const engine = await listen(server);
  const { connection, reply } = await engine.takeOver('/containers/x/attach');
  connection.write(Buffer.from('abc '));
  connection.endWriting();
  assert.equal(await reply.text(), 'early ABC end');
});

test('the socket: flag, then TINYDOCKER_HOST, then the default; never DOCKER_HOST', () => {
  assert.equal(chooseHost('unix:///a', { TINYDOCKER_HOST: 'unix:///b' }).path, '/a');
  assert.equal(chooseHost(undefined, { TINYDOCKER_HOST: '/b', DOCKER_HOST: 'unix:///c' }).url, 'unix:///b');
  assert.equal(chooseHost(undefined, { DOCKER_HOST: 'unix:///c' }).path, '/run/tinydocker.sock');
  assert.throws(() => chooseHost('tcp://localhost:2375', {}), ConnectionError);
});
