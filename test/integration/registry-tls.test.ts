import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';
import { PrivateEtc } from '../helpers/private-etc.js';
import { Registry } from '../helpers/registry.js';
import { authHeader, linesOf, pull, pulled } from '../helpers/transfer.js';
import { until } from '../helpers/until.js';

/* Registries that speak TLS, on a machine whose address is no loopback: there anything would do. */

const ADDRESS = '192.0.2.10';
const home = mkdtempSync(join(tmpdir(), 'tdt-tls-'));
const host = NetworkNamespace.make();
host.ip('address', 'add', `${ADDRESS}/32`, 'dev', 'lo');
let etc: PrivateEtc;
let engine: Engine;

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
const file = (name: string) => join(home, name);
const text = (name: string) => readFileSync(file(name), 'utf8');

/** An authority of its own; `sign` has it vouch for somebody. */
function authority(name: string) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`);
  return (who: string) => {
    openssl('req', ...key, '-keyout', `${who}.key`, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
    const by = ['-CA', `${name}.crt`, '-CAkey', `${name}.key`, '-CAcreateserial'];
    // openssl has it from a file alone.
    execFileSync('sh', ['-c', `echo subjectAltName=IP:${ADDRESS} >${who}.ext`], { cwd: home });
    openssl('x509', '-req', '-in', `${who}.csr`, ...by, '-out', `${who}.crt`, '-extfile', `${who}.ext`);
  };
}

before(async () => {
  const sign = authority('authority');
  sign('registry');
  sign('client');
  etc = await PrivateEtc.make({});
  engine = await Engine.open({ network: host, enter: etc.enter });
});
after(async () => {
  await engine?.close();
  etc?.close();
  host.remove();
  rmSync(home, { recursive: true, force: true });
});

const open = (clientAuthority?: string) =>
  Registry.start({
    enter: host.enter,
    address: ADDRESS,
    tls: { certificate: file('registry.crt'), key: file('registry.key'), ...(clientAuthority && { clientAuthority }) },
  });

/** Why a pull fails, once the registry is there. */
const refusal = (name: string): Promise<string> =>
  until('the registry answers', async () => {
    const reply = await pull(engine.api, { fromImage: name, tag: '1' });
    assert.notEqual(reply.status, 200, reply.text);
    const { message } = JSON.parse(reply.text) as { message: string };
    return message.includes('ECONNREFUSED') ? undefined : message;
  });

/** Pushes busybox there, takes it away and has it pulled. */
async function roundTrip(name: string): Promise<void> {
  await ok(engine.api.post(`/images/${engine.image}/tag`, undefined, { repo: name, tag: '1' }), 201);
  const pushed = await engine.api.call('POST', `/images/${name}/push`, { query: { tag: '1' }, headers: authHeader() });
  assert.deepEqual(
    linesOf(pushed).filter(({ error }) => error !== undefined),
    [],
  );
  await ok(engine.api.delete(`/images/${name}:1`));
  await pulled(engine.api, name, { tag: '1' });
  await ok(engine.api.delete(`/images/${name}:1`));
}

describe('a registry with a certificate of an authority that nobody knows', () => {
  test('is refused, and spoken to once certs.d knows the authority, by the same daemon', async () => {
    const registry = await open();
    try {
      const name = `${registry.host}/team/app`;
      assert.match(await refusal(name), /^Get "https:\/\/[^ ]+\/v2\/.*": .*certificate/);
      etc.write(`docker/certs.d/${registry.host}/ca.crt`, text('authority.crt'));
      await roundTrip(name);
      etc.remove(`docker/certs.d/${registry.host}`);
      assert.match(await refusal(name), /certificate/);
    } finally {
      await registry.close();
    }
  });

  test('is spoken to where the machine trusts the authority', async () => {
    const registry = await open();
    const bundle = 'ssl/certs/ca-certificates.crt';
    try {
      const name = `${registry.host}/team/app`;
      assert.match(await refusal(name), /certificate/);
      etc.write(bundle, text('authority.crt'));
      // Whom the machine trusts is asked once a registry: another daemon is what an administrator starts.
      await engine.daemon!.stop();
      await engine.daemon!.launch();
      await roundTrip(name);
    } finally {
      etc.remove(bundle);
      await registry.close();
    }
  });

  test('is spoken to where it is named as insecure', async () => {
    const registry = await open();
    const args = ['--insecure-registry', registry.host];
    const trusting = await Engine.open({ network: host, enter: etc.enter, args });
    try {
      const name = `${registry.host}/team/app`;
      await until('the registry answers', async () => {
        const reply = await pull(trusting.api, { fromImage: name, tag: '1' });
        return reply.text.includes('ECONNREFUSED') ? undefined : reply;
      });
      const reply = await pull(trusting.api, { fromImage: name, tag: '1' });
      assert.equal(reply.status, 404, reply.text);
      assert.match(reply.text, /manifest for .* not found/);
    } finally {
      await trusting.close();
      await registry.close();
    }
  });
});

test('a registry that wants to know who we are gets our certificate; one without its key is an error that names it', async () => {
  const registry = await open(file('authority.crt'));
  const certs = `docker/certs.d/${registry.host}`;
  try {
    const name = `${registry.host}/team/app`;
    etc.write(`${certs}/ca.crt`, text('authority.crt'));
    await refusal(name);
    etc.write(`${certs}/client.cert`, text('client.crt'));
    assert.match(await refusal(name), new RegExp(`missing key /etc/${certs}/client.key for client certificate`));
    etc.write(`${certs}/client.key`, text('client.key'));
    await roundTrip(name);
  } finally {
    await registry.close();
  }
});
