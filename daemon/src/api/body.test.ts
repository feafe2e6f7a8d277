import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { installBodyParsers, limitBodyTime } from './body.js';
import { installErrors } from './errors.js';

let app: FastifyInstance;
let port: number;
const served: unknown[] = [];

before(async () => {
  app = Fastify();
  installErrors(app);
  installBodyParsers(app);
  limitBodyTime(app, 50);
  app.post('/json', { schema: { body: {} } }, async ({ body }) => {
    served.push(body);
    return 'served';
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as { port: number }).port;
});
after(() => app.close());

async function ask(head: string, body: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(`POST /json HTTP/1.1\r\nHost: x\r\n${head}\r\n${body}`));
  let text = '';
  socket.on('data', (data) => {
    text += data.toString();
  });
  await once(socket, 'close');
  return text;
}

const json = (length: number) => `Content-Type: application/json\r\nContent-Length: ${length}\r\n`;

test('half a body of JSON is waited for so long and no longer, and no route sees it', async () => {
  for (const head of [json(100), 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n']) {
    const answer = await ask(head, head.includes('chunked') ? '5\r\n{"a":' : '{"a":');
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.match(answer, /\{"message":"the request body took too long to arrive"\}$/);
  }
  assert.deepEqual(served, []);
});

test('a whole one is served, and its timer is none of a later request’s', async () => {
  assert.match(await ask(`Connection: close\r\n${json(7)}`, '{"a":1}'), /served$/);
  assert.deepEqual(served, [{ a: 1 }]);
});

test('brackets in strings are no levels; five hundred levels are, and one more is refused', async () => {
  const send = (payload: string) =>
    app.inject({ method: 'POST', url: '/json', headers: { 'content-type': 'application/json' }, payload });
  for (const text of [`["${'['.repeat(1000)}\\""]`, `["\\\\", "${'{'.repeat(1000)}"]`, `[${'[],'.repeat(1000)}1]`])
    assert.equal((await send(text)).statusCode, 200, text.slice(0, 20));
  assert.equal((await send(`${'['.repeat(500)}${']'.repeat(500)}`)).statusCode, 200);
  assert.equal((await send(`${'[{"a":'.repeat(250)}[1]${'}]'.repeat(250)}`)).statusCode, 400);
});
