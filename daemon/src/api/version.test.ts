import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { VERSION } from '@tinydocker/shared/version.js';
import Fastify from 'fastify';
import { installBodyParsers } from './body.js';
import { frameworkErrors, installErrors } from './errors.js';
import { compareVersions, installVersion, rewriteUrl, speaks } from './version.js';

const app = Fastify({ rewriteUrl, frameworkErrors, exposeHeadRoutes: false, routerOptions: { maxParamLength: 300 } });
installErrors(app);
installVersion(app);
installBodyParsers(app);
app.get('/info', (request, reply) => {
  reply.send({ version: request.apiVersion, old: !speaks(request, '1.42') });
});
app.get('/images/json', (_request, reply) => {
  reply.send('list');
});
for (const verb of ['json', 'tag']) {
  app.route({
    method: ['GET', 'POST'],
    url: `/images/:name/${verb}`,
    handler: (r, reply) => void reply.send({ [verb]: r.params }),
  });
}
app.delete('/images/:name', (request, reply) => {
  reply.send({ remove: request.params });
});
app.post('/body', { schema: { body: { type: 'object' } } }, (request, reply) => {
  reply.send({ body: request.body });
});
app.post('/stream', (request, reply) => {
  reply.send({ stream: request.body !== undefined });
});

async function get(url: string): Promise<[status: number, body: unknown]> {
  const answer = await app.inject({ url });
  return [answer.statusCode, answer.headers['content-type']?.toString().includes('json') ? answer.json() : answer.body];
}

test('the version before the path is optional, and taken off', async () => {
  assert.deepEqual(await get('/info'), [200, { version: '1.51', old: false }]);
  assert.deepEqual(await get('/v1.24/info?x=/v1.30/y'), [200, { version: '1.24', old: true }]);
  assert.deepEqual(await get('/v1.42/info'), [200, { version: '1.42', old: false }]);
});

test('versions that we do not speak are refused in Docker’s words, unknown paths before that', async () => {
  assert.deepEqual(await get('/v1.99/info'), [
    400,
    { message: 'client version 1.99 is too new. Maximum supported API version is 1.51' },
  ]);
  for (const version of ['1.23', '1.9', '1', '0']) {
    const [status, body] = await get(`/v${version}/info`);
    assert.equal(status, 400);
    assert.match(
      (body as { message: string }).message,
      /is too old. Minimum supported API version is 1.24, please upgrade/,
    );
  }
  for (const url of ['/nope', '/v1.99/nope', '/v1.4a/info', '/v/info', '/v1.51', '/']) {
    assert.deepEqual(await get(url), [404, { message: 'page not found' }], url);
  }
});

test('every answer bears the headers of the engine', async () => {
  for (const url of ['/info', '/nope', '/v1.99/info']) {
    const { headers } = await app.inject({ url });
    assert.equal(headers['api-version'], '1.51');
    assert.equal(headers.ostype, 'linux');
    assert.equal(headers['docker-experimental'], 'false');
    assert.equal(headers.server, `tinydocker/${VERSION} (linux)`);
  }
});

test('versions compare by their parts', () => {
  assert.ok(compareVersions('1.9', '1.24') < 0);
  assert.ok(compareVersions('1.51', '1.51') === 0);
  assert.ok(compareVersions('2', '1.51') > 0);
  assert.ok(compareVersions('1.24.1', '1.24') > 0);
});

test('names of images may hold slashes', async () => {
  assert.deepEqual(await get('/v1.51/images/json'), [200, 'list']);
  assert.deepEqual(await get('/images/busybox/json'), [200, { json: { name: 'busybox' } }]);
  assert.deepEqual(await get('/v1.30/images/localhost:5000/a/b:1/json?x=a/b'), [
    200,
    { json: { name: 'localhost:5000/a/b:1' } },
  ]);
  assert.deepEqual(await get('/images/a%2Fb/tag?repo=c'), [200, { tag: { name: 'a/b' } }]);
  const removal = await app.inject({ method: 'DELETE', url: '/images/a/json' });
  assert.deepEqual(removal.json(), { remove: { name: 'a/json' } });
});

test('bodies: JSON for those who want it, a stream for the rest, and nothing is nothing whatever its type', async () => {
  const post = async (url: string, payload: string | undefined, type?: string) => {
    const answer = await app.inject({ method: 'POST', url, payload, headers: type ? { 'content-type': type } : {} });
    return [answer.statusCode, answer.json()];
  };
  const json = 'application/json';
  assert.deepEqual(await post('/body', '{"a":1}', json), [200, { body: { a: 1 } }]);
  assert.deepEqual(await post('/body', '{"a":1}', `${json}; charset=utf-8`), [200, { body: { a: 1 } }]);
  assert.deepEqual(await post('/body', '{}', 'text/plain'), [
    400,
    { message: "unsupported Content-Type header (text/plain): must be 'application/json'" },
  ]);
  for (const broken of ['{bad', '{"a":1}{}', '{"a":1} x']) {
    const [status, { message }] = (await post('/body', broken, json)) as [number, { message: string }];
    assert.equal(status, 400);
    assert.match(message, /^invalid JSON: .+ position \d+/);
  }
  assert.deepEqual(await post('/body', '{"__proto__":{}}', json), [
    400,
    { message: 'invalid JSON: it may not set __proto__' },
  ]);
  assert.deepEqual(await post('/stream', undefined), [200, { stream: false }]);
  assert.deepEqual(await post('/stream', '', 'text/plain'), [200, { stream: false }]);
  assert.deepEqual(await post('/stream', 'x', 'application/x-tar'), [200, { stream: true }]);
  assert.deepEqual(await post('/stream', 'x'), [200, { stream: true }]);
});

test('what cannot be a path is refused', async () => {
  assert.deepEqual(await get('/%zz'), [400, { message: 'malformed percent-encoding in the path' }]);
  assert.deepEqual(await get(`/images/${'x'.repeat(301)}/json`), [400, { message: 'name in the path is too long' }]);
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(VERSION, version);
});
