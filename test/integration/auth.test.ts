import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

const BASIC = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

/** A registry that knows one user. */
async function registry(kind: 'open' | 'basic' | 'bearer' | 'broken', realm?: string) {
  const refuse = (response: ServerResponse, challenge?: string) =>
    response.writeHead(401, challenge ? { 'WWW-Authenticate': challenge } : {}).end('{"errors":[]}');
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { authorization } = request.headers;
    const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (kind === 'broken') response.writeHead(500).end();
    else if (request.url?.startsWith('/token')) {
      if (authorization !== BASIC || !request.url.includes('service=here')) refuse(response);
      else response.end('{"token":"T"}');
    } else if (kind === 'open' || authorization === (kind === 'basic' ? BASIC : 'Bearer T')) response.end('{}');
    else if (kind === 'basic') refuse(response, 'Basic realm="registry"');
    else refuse(response, `Bearer realm="${realm ?? `${here}/token`}",service="here"`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const logIn = (serveraddress: string, password = 'secret') =>
  engine.api.post('/auth', { username: 'alice', password, serveraddress });

describe('auth', { skip: !engine.own }, () => {
  test('a registry on this machine is asked', async () => {
    for (const kind of ['open', 'basic', 'bearer'] as const) {
      const address = await registry(kind);
      for (const form of [address, `http://${address}`, `http://${address}/v1/`]) {
        assert.deepEqual(await ok(logIn(form), 200), { Status: 'Login Succeeded', IdentityToken: '' });
      }
      if (kind === 'open') continue;
      const message = `Get "http://${address}/v2/": unauthorized: incorrect username or password`;
      await refused(logIn(address, 'wrong'), 401, message);
    }
  });

  test('the password goes nowhere without TLS', async () => {
    const address = await registry('bearer', 'http://example.com/token');
    await refused(logIn(address), 500, /its token server http:\/\/example.com is not reached by TLS$/);
  });

  test('what is no registry', async () => {
    await refused(
      logIn(await registry('broken')),
      500,
      /\/v2\/": .*\b500\b|wrong version number|the registry answers 500/,
    );
    await refused(logIn('127.0.0.1:1'), 500, /^Get "http:\/\/127.0.0.1:1\/v2\/": .*ECONNREFUSED/);
    await refused(logIn('bad host!'), 400, /unable to parse server address/);
    await refused(engine.api.post('/auth', []), 400, /invalid JSON/);
  });
});
