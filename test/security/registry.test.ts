import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { captureHost, difference, type HostState } from '../helpers/host-state.js';
import { OCI_PLAIN, Registry } from '../helpers/registry.js';
import { digest, tar } from '../helpers/tar.js';
import { authHeader, linesOf, pull, pulled } from '../helpers/transfer.js';
import { until } from '../helpers/until.js';

/* Registries that lie. Whatever they say, the answer is a sentence, and nothing of theirs stays. */

const ALICE = { username: 'alice', password: 'secret' };
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

let engine: Engine;
let registry: Registry;
let empty: HostState;
before(async () => {
  [engine, registry] = await Promise.all([Engine.open(), Registry.start()]);
  empty = captureHost(engine.daemon!);
});
after(async () => {
  await registry?.close();
  await engine?.close();
});

/** What an image that was removed consisted of goes in the background. */
async function nothingStays(): Promise<void> {
  const more = () => difference({ ...empty, descriptors: [] }, { ...captureHost(engine.daemon!), descriptors: [] });
  await until('the trash is empty', () => !more().some((line) => line.includes('/trash/')));
  assert.deepEqual(more(), []);
}

/** What a registry answers, by the end of the path. */
type Answers = Record<string, { type?: string; body: string | Buffer } | ((response: ServerResponse) => void)>;

async function lying(answers: Answers): Promise<Front> {
  return Front.start((request, response) => {
    if (request.url === '/v2/') {
      response.end('{}');
      return true;
    }
    const found = Object.entries(answers).find(([end]) => request.url?.endsWith(end))?.[1];
    if (!found) return false;
    if (typeof found === 'function') found(response);
    else response.writeHead(200, { 'content-type': found.type ?? 'application/octet-stream' }).end(found.body);
    return true;
  });
}

/** Pulls what such a registry has under `x:1`, which has to fail. */
async function fails(answers: Answers, message: RegExp): Promise<void> {
  const front = await lying(answers);
  try {
    const reply = await pull(engine.api, { fromImage: `${front.host}/x`, tag: '1' });
    const said = reply.status >= 400 ? reply.message : (linesOf(reply).at(-1)?.error ?? 'it succeeded');
    assert.match(said, message);
    await nothingStays();
  } finally {
    await front.close();
  }
}

const layer = tar([{ name: 'x', content: 'y' }]);
const config = (diffIds = [digest(layer)]) =>
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } });
const describing = (data: string | Buffer, mediaType: string, more: object = {}) => ({
  mediaType,
  digest: digest(data),
  size: Buffer.byteLength(data),
  ...more,
});
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const manifest = (more: object = {}) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describing(config(), CONFIG),
    layers: [describing(layer, LAYER)],
    ...more,
  });
/** A registry that would be right, but for what is given. */
const answering = (more: Answers, text = manifest()): Answers => ({
  ...more,
  '/manifests/1': more['/manifests/1'] ?? { type: MANIFEST, body: text },
  [digest(config())]: more[digest(config())] ?? { body: config() },
  [digest(layer)]: more[digest(layer)] ?? { body: layer },
});

describe('manifests (CVE-2021-41190, CVE-2024-3727, CVE-2023-25153)', () => {
  test('that are two things, or another than they are called', async () => {
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    const refuse = (body: string, type: string, message: RegExp) =>
      fails(answering({ '/manifests/1': { type, body } }), message);
    await refuse(manifest({ manifests: [] }), MANIFEST, /is both an index and a manifest/);
    await refuse(manifest(), INDEX, /says that it is/);
    await refuse(index, MANIFEST, /says that it is/);
    await refuse(manifest({ mediaType: undefined }), INDEX, /is called .* and is a manifest/);
    await refuse(manifest({ mediaType: undefined }), 'text/html', /which is not an image/);
    await refuse(
      '{"schemaVersion":1,"fsLayers":[]}',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      /schema 1/,
    );
    await refuse('<html>', MANIFEST, /not valid JSON/);
  });

  test('with digests that are paths, and sizes that are none', async () => {
    for (const wrong of ['sha256:../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha512:${'0'.repeat(128)}`, '', 5]) {
      const bad = { mediaType: LAYER, digest: wrong, size: 5 };
      await fails(answering({}, manifest({ layers: [bad] })), /malformed descriptor/);
      await fails(answering({}, manifest({ config: bad })), /malformed descriptor/);
    }
    for (const size of [-1, 1.5, '5', 1e300]) {
      await fails(answering({}, manifest({ layers: [{ ...describing(layer, LAYER), size }] })), /malformed descriptor/);
    }
    await fails(
      answering({}, manifest({ layers: Array.from({ length: 1001 }, () => describing(layer, LAYER)) })),
      /more than 1000 descriptors/,
    );
  });

  test('without an end, or larger than anyone needs', async () => {
    const endless = (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': MANIFEST });
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, ' ')));
      };
      response.on('drain', more);
      more();
    };
    await fails(answering({ '/manifests/1': endless }), /larger than 4194304 bytes/);
    const told = (response: ServerResponse) => void response.writeHead(200, { 'content-length': 1e12 }).write('{');
    await fails(answering({ '/manifests/1': told }), /larger than 4194304 bytes/);
    const large = describing(config(), CONFIG, { size: 1e12 });
    await fails(answering({}, manifest({ config: large })), /larger than 4194304 bytes/);
  });

  test('of another digest than was asked for', async () => {
    const front = await lying(answering({ [digest('other')]: { type: MANIFEST, body: manifest() } }));
    const reply = pull(engine.api, { fromImage: `${front.host}/x`, tag: digest('other') });
    await refused(reply, 400, /gives a manifest with the digest/);
    await nothingStays();
    await front.close();
  });

  test('indexes within indexes, and one that leads to another size', async () => {
    let inner = manifest();
    let type = MANIFEST;
    const answers: Answers = {};
    const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64' };
    for (let depth = 0; depth < 6; depth++) {
      answers[digest(inner)] = { type, body: inner };
      inner = JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [describing(inner, type, { platform })],
      });
      type = INDEX;
    }
    await fails(answering({ ...answers, '/manifests/1': { type, body: inner } }), /indexes within indexes/);
    const wrong = JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [describing(manifest(), MANIFEST, { platform, size: 5 })],
    });
    const leading = {
      '/manifests/1': { type: INDEX, body: wrong },
      [digest(manifest())]: { type: MANIFEST, body: manifest() },
    };
    await fails(answering(leading), /bytes instead of 5/);
  });
});

describe('blobs', () => {
  test('a configuration that is another, or speaks of other layers', async () => {
    await fails(answering({ [digest(config())]: { body: config([]) } }), /other bytes for the blob|larger than/);
    const many = config([digest(layer), digest(layer)]);
    const text = manifest({ config: describing(many, CONFIG) });
    await fails(answering({ [digest(many)]: { body: many } }, text), /has 1 layers, and its configuration speaks of 2/);
    const other = config([digest('other')]);
    const lie = manifest({ config: describing(other, CONFIG) });
    await fails(answering({ [digest(other)]: { body: other } }, lie), /has the digest .*: the image is not what/);
  });

  test('layers of other bytes, of more and of fewer', async () => {
    const other = tar([{ name: 'x', content: 'z' }]);
    await fails(answering({ [digest(layer)]: { body: other } }), /gives bytes with the digest/);
    await fails(
      answering({ [digest(layer)]: { body: Buffer.concat([layer, layer]) } }),
      /is larger than the \d+ bytes/,
    );
    const endless = (response: ServerResponse) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536)));
      };
      response.on('drain', more);
      more();
    };
    await fails(answering({ [digest(layer)]: endless }), /is larger than the \d+ bytes/);
  });

  test('layers that write outside, or are no archives', async () => {
    for (const [bytes, message] of [
      [tar([{ name: '../../x', content: 'y' }]), /leads out of the layer/],
      [Buffer.from('no archive, but a word'), /not a tar archive/],
      [gzipSync(tar([{ name: 'x', content: 'y' }])).subarray(0, 60), /cannot be decompressed|ends within/],
    ] as const) {
      const text = manifest({ layers: [describing(bytes, LAYER)] });
      await fails(answering({ [digest(bytes)]: { body: bytes } }, text), message);
    }
  });
});

describe('who we are', () => {
  test('is not told to another host that the registry sends us to', async () => {
    const repository = uniqueName('redirect');
    const pushed = await registry.push(repository, '1', { layers: [layer] }, OCI_PLAIN);
    const elsewhere = await Front.start(() => false, registry.host);
    const front = await Front.start((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end('{}');
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `http://${elsewhere.host}${request.url}` }).end();
      return true;
    }, registry.host);
    await pulled(engine.api, `${front.host}/${repository}`, { tag: '1' }, ALICE);
    assert.ok(elsewhere.requests.length >= 2);
    assert.deepEqual(
      elsewhere.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
    await engine.api.delete(`/images/${pushed.config}`, { force: true });
    await front.close();
    await elsewhere.close();
  });

  test('is told to no token server without TLS, nor within networks that a registry must not see', async () => {
    for (const [realm, message] of [
      ['http://example.com/token', /is not reached by TLS/],
      ['http://169.254.169.254/latest/meta-data', /is not reached by TLS/],
      ['file:///etc/passwd', /is not reached by TLS/],
      ['gopher://127.0.0.1:1/x', /is not reached by TLS/],
      ['not an address', /names no token server/],
      ['https://me:pass@example.com/', /holds a password/],
    ] as const) {
      const front = await Front.start((_request, response) => {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end('{}');
        return true;
      });
      await refused(pull(engine.api, { fromImage: `${front.host}/x`, tag: '1' }, ALICE), 500, message);
      await front.close();
    }
    await nothingStays();
  });

  test('is not sent where an upload goes on elsewhere', async () => {
    const elsewhere = await Front.start((_request, response) => {
      response.writeHead(202, { location: `http://${elsewhere.host}/on` }).end();
      return true;
    });
    const front = await Front.start((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end('{}');
      } else if (request.method === 'POST') response.writeHead(202, { location: `http://${elsewhere.host}/up` }).end();
      else response.writeHead(404).end();
      return true;
    });
    await engine.api.post('/images/busybox/tag', undefined, { repo: `${front.host}/x`, tag: '1' });
    const reply = await engine.api.call('POST', `/images/${front.host}/x/push`, {
      query: { tag: '1' },
      headers: authHeader(ALICE),
    });
    assert.ok(linesOf(reply).at(-1)?.error);
    assert.ok(elsewhere.requests.length > 0);
    assert.deepEqual(
      elsewhere.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
    await engine.api.delete(`/images/${front.host}/x:1`);
    await front.close();
    await elsewhere.close();
  });

  test('a registry that sends us round in circles', async () => {
    const front = await Front.start((request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(302, { location: request.url }).end();
      return true;
    });
    await refused(pull(engine.api, { fromImage: `${front.host}/x`, tag: '1' }), 500, /too many redirects/);
    await front.close();
  });
});

test('a list of tags without an end', async () => {
  let pages = 0;
  const front = await Front.start((request, response) => {
    if (request.url === '/v2/') response.end('{}');
    else {
      const tags = Array.from({ length: 20_000 }, (_, i) => `t${pages}-${i}`);
      response.writeHead(200, { link: `</v2/x/tags/list?n=${++pages}>; rel="next"` }).end(JSON.stringify({ tags }));
    }
    return true;
  });
  await refused(pull(engine.api, { fromImage: `${front.host}/x` }), 400, /more than 100000 names/);
  assert.ok(pages < 10);
  await front.close();
});
