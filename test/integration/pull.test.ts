import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { DOCKER_GZIP, type LayerForm, OCI_GZIP, OCI_PLAIN, openWithRegistry } from '../helpers/registry.js';
import { digest, tar } from '../helpers/tar.js';
import { pull, pulled } from '../helpers/transfer.js';

const { engine, registry } = await openWithRegistry();

interface Inspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  RootFS: { Layers: string[] };
}
const inspect = (name: string) => ok<Inspect>(engine.api.get(`/images/${name}/json`), 200);
const remove = (name: string) => ok(engine.api.delete(`/images/${name}`, { force: true }), 200);
const short = (id: string) => id.slice(7, 19);
const layer = (name: string, content: string | Buffer = name) => tar([{ name, content }]);

/** What of a pull may lie on disk while nobody pulls. */
function rest(): string[] {
  const root = engine.daemon!.dataRoot;
  return ['ingest', 'partial'].flatMap((name) => readdirSync(join(root, name)).map((entry) => `${name}/${entry}`));
}

const zstd = (bytes: Buffer) => execFileSync('zstd', ['-q', '-c'], { input: bytes, maxBuffer: 1 << 28 });
const OCI_ZSTD: LayerForm = { type: 'application/vnd.oci.image.layer.v1.tar+zstd', pack: zstd };

test('an image comes with its name, its digest and its layers, in every form that registries have', async () => {
  for (const form of [DOCKER_GZIP, OCI_GZIP, OCI_ZSTD, OCI_PLAIN]) {
    const repository = uniqueName('form');
    const name = `${registry.host}/${repository}`;
    const layers = [layer('one', repository), layer('two', randomBytes(200_000))];
    const pushed = await registry.push(repository, '1', { layers }, form);
    const [a, b] = pushed.layers.map(short);
    const lines = await pulled(engine.api, name, { tag: '1' });
    assert.equal(lines[0], `1: Pulling from ${repository}`);
    for (const id of [a, b]) {
      const mine = lines.filter((line) => line.startsWith(`${id}:`)).map((line) => line.slice(14));
      assert.deepEqual(mine, ['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete']);
    }
    assert.deepEqual(lines.slice(-2), [`Digest: ${pushed.manifest}`, `Status: Downloaded newer image for ${name}:1`]);
    const image = await inspect(`${name}:1`);
    assert.equal(image.Id, pushed.config);
    assert.deepEqual(image.RepoTags, [`${name}:1`]);
    assert.deepEqual(image.RepoDigests, [`${name}@${pushed.manifest}`]);
    assert.deepEqual(image.RootFS.Layers, layers.map(digest));
    assert.deepEqual(await pulled(engine.api, `${name}:1`), [
      `1: Pulling from ${repository}`,
      `Digest: ${pushed.manifest}`,
      `Status: Image is up to date for ${name}:1`,
    ]);
    await remove(`${name}:1`);
    await refused(engine.api.get(`/images/${name}:1/json`), 404, `No such image: ${name}:1`);
    assert.deepEqual(rest(), []);
  }
});

test('what was pulled runs', async () => {
  const repository = uniqueName('run');
  const name = `${registry.host}/${repository}:1`;
  const busybox = execFileSync('cat', ['/bin/busybox'], { maxBuffer: 1 << 28 });
  const layers = [
    tar([{ name: 'bin/sh', content: busybox, mode: 0o755 }]),
    tar([{ name: 'word', content: 'hello' }]),
    tar([{ name: '.wh.word' }, { name: 'other', content: 'hi' }]),
  ];
  await registry.push(repository, '1', { layers });
  await pulled(engine.api, name);
  const { stdout, exitCode } = await engine.run(['sh', '-c', 'read x < other; echo $x; [ -e word ] || echo gone'], {
    Image: name,
  });
  assert.deepEqual([stdout, exitCode], ['hi\ngone\n', 0]);
  await remove(name);
});

test('by digest; a name with a digest is removed by it', async () => {
  const repository = uniqueName('digest');
  const name = `${registry.host}/${repository}`;
  const pushed = await registry.push(repository, '1', { layers: [layer(repository)] });
  const lines = await pulled(engine.api, name, { tag: pushed.manifest });
  assert.equal(lines[0], `${registry.host}/${repository}@${pushed.manifest}: Pulling from ${repository}`);
  assert.equal(lines.at(-1), `Status: Downloaded newer image for ${name}@${pushed.manifest}`);
  const image = await inspect(`${name}@${pushed.manifest}`);
  assert.deepEqual([image.RepoTags, image.RepoDigests], [[], [`${name}@${pushed.manifest}`]]);
  const items = await ok<object[]>(engine.api.delete(`/images/${name}@${pushed.manifest}`));
  assert.deepEqual(items.slice(0, 2), [{ Untagged: `${name}@${pushed.manifest}` }, { Deleted: pushed.config }]);
});

test('with the last tag of a repository its digests go', async () => {
  const repository = uniqueName('tags');
  const name = `${registry.host}/${repository}`;
  const { manifest, config } = await registry.push(repository, '1', { layers: [layer(repository)] });
  await pulled(engine.api, `${name}:1`);
  await ok(engine.api.post(`/images/${name}:1/tag`, undefined, { repo: name, tag: '2' }), 201);
  await ok(engine.api.post(`/images/${name}:1/tag`, undefined, { repo: repository }), 201);
  assert.deepEqual(await ok(engine.api.delete(`/images/${name}:2`)), [{ Untagged: `${name}:2` }]);
  assert.deepEqual(await ok(engine.api.delete(`/images/${name}:1`)), [
    { Untagged: `${name}:1` },
    { Untagged: `${name}@${manifest}` },
  ]);
  assert.deepEqual((await inspect(repository)).RepoDigests, []);
  assert.deepEqual((await ok<object[]>(engine.api.delete(`/images/${repository}`)))[1], { Deleted: config });
});

test('an index: this machine, or the platform that was asked for', async () => {
  const repository = uniqueName('index');
  const name = `${registry.host}/${repository}`;
  const mine = process.arch === 'x64' ? 'amd64' : 'arm64';
  const images: Record<string, { manifest: string; config: string }> = {};
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifests: object[] = [];
  for (const [architecture, variant] of [['s390x'], [mine], ['arm', 'v7'], ['arm', 'v6']] as [string, string?][]) {
    const platform = { os: 'linux', architecture, ...(variant && { variant }) };
    const key = Object.values(platform).join('/');
    const image = { layers: [layer(`f-${architecture}-${variant}`)], config: { Labels: { key } } };
    images[key] = await registry.push(repository, `p-${architecture}-${variant ?? 'x'}`, image);
    const { body } = await registry.request('GET', `/v2/${repository}/manifests/${images[key]!.manifest}`, undefined, {
      accept: type,
    });
    manifests.push({ mediaType: type, digest: images[key]!.manifest, size: body.length, platform });
  }
  const indexType = 'application/vnd.oci.image.index.v1+json';
  const index = { schemaVersion: 2, mediaType: indexType, manifests };
  const digestOfIndex = await registry.pushManifest(repository, 'latest', index, indexType);

  await pulled(engine.api, `${name}:latest`);
  const image = await inspect(name);
  assert.equal(image.Id, images[`linux/${mine}`]!.config);
  assert.deepEqual(image.RepoDigests, [`${name}@${digestOfIndex}`]);
  for (const [asked, key] of [
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['s390x', 'linux/s390x'],
  ] as const) {
    await pulled(engine.api, `${name}:latest`, { platform: asked });
    assert.equal((await inspect(name)).Id, images[key]!.config);
  }
  const missing = 'no matching manifest for linux/riscv64 in the manifest list entries';
  await refused(pull(engine.api, { fromImage: `${name}:latest`, platform: 'linux/riscv64' }), 404, missing);
  await refused(pull(engine.api, { fromImage: name, platform: 'a/b/c/d' }), 400, /invalid platform/);
  for (const { config } of Object.values(images)) await engine.api.delete(`/images/${config}`, { force: true });
});

test('all tags of a repository', async () => {
  const repository = uniqueName('all');
  const name = `${registry.host}/${repository}`;
  for (const tag of ['a', 'b', 'c']) await registry.push(repository, tag, { layers: [layer(repository), layer(tag)] });
  const lines = await pulled(engine.api, name);
  assert.equal(lines.at(-1), `Status: Downloaded newer image for ${name}`);
  for (const tag of ['a', 'b', 'c']) await remove(`${name}:${tag}`);
  assert.equal(lines.filter((line) => line.endsWith('Already exists')).length, 2);
});

test('what is not there, and registries that are none', async () => {
  const name = `${registry.host}/${uniqueName('none')}`;
  await refused(
    pull(engine.api, { fromImage: name, tag: 'x' }),
    404,
    `manifest for ${name}:x not found: manifest unknown: manifest unknown`,
  );
  await refused(
    pull(engine.api, { fromImage: '127.0.0.1:1/x:1' }),
    500,
    /^Get "http:\/\/127.0.0.1:1\/v2\/": .*ECONNREFUSED/,
  );
  await refused(pull(engine.api, { fromImage: 'X' }), 400, /must be lowercase$/);
  await refused(pull(engine.api, { fromImage: 'x', tag: 'a b' }), 400, 'invalid reference format');
  assert.deepEqual(rest(), []);
});

test('several pulls of one image at once bring it once', async () => {
  const repository = uniqueName('twice');
  const name = `${registry.host}/${repository}:1`;
  const layers = [layer('a', randomBytes(1_000_000)), layer('b', randomBytes(1_000_000))];
  const pushed = await registry.push(repository, '1', { layers });
  const all = await Promise.all([1, 2, 3].map(() => pulled(engine.api, name)));
  const fetched = all.flat().filter((line) => line.endsWith('Download complete'));
  assert.equal(fetched.length, 2);
  assert.equal((await inspect(name)).Id, pushed.config);
  await remove(name);
  assert.deepEqual(rest(), []);
});
