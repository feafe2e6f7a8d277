import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { Registry } from '../helpers/registry.js';
import { authHeader, pull, pulled } from '../helpers/transfer.js';

const home = mkdtempSync(join(tmpdir(), 'tdt-auth-'));
let engine: Engine;
before(async () => {
  engine = await Engine.open();
});
after(async () => {
  await engine?.close();
  rmSync(home, { recursive: true, force: true });
});

const ALICE = { username: 'alice', password: 'secret' };
const BASIC = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
const image = { layers: [[{ name: 'x', content: 'secret image' }]] };

/** What pushes beside the lock: the same store without it. */
async function fill(registry: Registry, config: string): Promise<Registry> {
  await registry.push('team/app', '1', image);
  return registry.reopen(config);
}

test('a name and a password', async () => {
  // bcrypt of "secret", as htpasswd -nbB makes it.
  const hash = '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
  writeFileSync(join(home, 'htpasswd'), `alice:${hash}\n`);
  const auth = `auth: {htpasswd: {realm: here, path: ${home}/htpasswd}}`;
  const registry = await fill(await Registry.start(), auth);
  try {
    const name = `${registry.host}/team/app`;
    const denied = new RegExp(
      `^pull access denied for ${name}, repository does not exist or may require 'docker login'`,
    );
    await refused(pull(engine.api, { fromImage: name, tag: '1' }), 404, denied);
    await refused(pull(engine.api, { fromImage: name, tag: '1' }, { ...ALICE, password: 'x' }), 404, denied);
    await pulled(engine.api, name, { tag: '1' }, ALICE);
    await ok(engine.api.post('/auth', { ...ALICE, serveraddress: registry.host }), 200);
    await refused(
      engine.api.post('/auth', { ...ALICE, password: 'x', serveraddress: registry.host }),
      401,
      `Get "http://${registry.host}/v2/": unauthorized: incorrect username or password`,
    );
    await ok(engine.api.delete(`/images/${name}:1`));
  } finally {
    await registry.close();
  }
});

/** What Docker's registries call a key: libtrust's key id. */
function keyId(der: Buffer): string {
  const hash = createHash('sha256').update(der).digest().subarray(0, 30);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const text = bits.match(/.{5}/g)!.map((five) => letters[Number.parseInt(five, 2)]);
  return text.join('').match(/.{4}/g)!.join(':');
}

test('tokens: for what is to be done, renewed when they end, by password and by identity token', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(home, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  execFileSync(
    'openssl',
    ['req', '-x509', '-new', '-key', 'key.pem', '-subj', '/CN=tokens', '-days', '2', '-out', 'crt.pem'],
    {
      cwd: home,
    },
  );
  const kid = keyId(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (scopes: string[]) => {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const head = encode({ typ: 'JWT', alg: 'RS256', kid });
    const body = encode({ iss: 'here', aud: 'registry', sub: 'alice', iat: now, nbf: now - 5, exp: now + 60, access });
    return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), privateKey).toString('base64url')}`;
  };
  const asked: { method: string; scopes: string[]; by: string }[] = [];
  const tokens = await Front.start(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    let by = request.headers.authorization ?? '';
    let scopes = url.searchParams.getAll('scope');
    if (request.method === 'POST') {
      let text = '';
      for await (const piece of request) text += piece;
      const form = new URLSearchParams(text);
      by = `${form.get('grant_type')} ${form.get('refresh_token')}`;
      scopes = (form.get('scope') ?? '').split(' ').filter(Boolean);
    }
    asked.push({ method: request.method ?? '', scopes, by });
    if (by !== BASIC && by !== 'refresh_token identity') response.writeHead(401).end('{}');
    else {
      const extra = url.searchParams.get('offline_token') ? { refresh_token: 'identity' } : {};
      response.end(JSON.stringify({ token: token(scopes), expires_in: 60, ...extra }));
    }
    return true;
  });
  const realm = `http://${tokens.host}/token`;
  const lock = `auth: {token: {realm: "${realm}", service: registry, issuer: here, rootcertbundle: ${home}/crt.pem}}`;
  const registry = await fill(await Registry.start(), lock);
  try {
    const name = `${registry.host}/team/app`;
    await refused(pull(engine.api, { fromImage: name, tag: '1' }), 404, /^pull access denied for .*unauthorized/);
    await pulled(engine.api, name, { tag: '1' }, ALICE);
    assert.deepEqual(asked.at(-1), { method: 'GET', scopes: ['repository:team/app:pull'], by: BASIC });
    await ok(engine.api.delete(`/images/${name}:1`));
    const login = await ok<{ IdentityToken: string }>(
      engine.api.post('/auth', { ...ALICE, serveraddress: registry.host }),
      200,
    );
    assert.equal(login.IdentityToken, 'identity');
    await pulled(engine.api, name, { tag: '1' }, { username: 'alice', identitytoken: 'identity' });
    assert.equal(asked.at(-1)!.by, 'refresh_token identity');
    await ok(engine.api.delete(`/images/${name}:1`));
    const given = { registrytoken: token(['repository:team/app:pull']) };
    const count = asked.length;
    await pulled(engine.api, name, { tag: '1' }, given);
    assert.equal(asked.length, count);
    await ok(engine.api.delete(`/images/${name}:1`));
  } finally {
    await registry.close();
    await tokens.close();
  }
});

test('a header that cannot be read counts as none', async () => {
  const registry = await Registry.start();
  try {
    await registry.push('open', '1', image);
    const query = { fromImage: `${registry.host}/open`, tag: '1' };
    for (const headers of [{ 'x-registry-auth': '%%%' }, { 'x-registry-auth': 'bnVsbA==' }, authHeader([])]) {
      assert.equal((await engine.api.call('POST', '/images/create', { query, headers })).status, 200);
    }
    await ok(engine.api.delete(`/images/${registry.host}/open:1`));
  } finally {
    await registry.close();
  }
});
