import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { OCI_GZIP, openWithRegistry } from '../helpers/registry.js';
import { digest, dockerArchive, tar } from '../helpers/tar.js';
import { authHeader, linesOf, pulled } from '../helpers/transfer.js';

const home = mkdtempSync(join(tmpdir(), 'tdt-save-'));
const { engine, registry, images } = await openWithRegistry();
after(() => {
  rmSync(home, { recursive: true, force: true });
});

/** An archive in a directory of its own, taken apart by tar. */
async function saved(path: string, query: Record<string, string> = {}): Promise<string> {
  const reply = await engine.api.get(path, query);
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers['content-type'], 'application/x-tar');
  const directory = mkdtempSync(join(home, 'out-'));
  execFileSync('tar', ['-C', directory, '-xf', '-'], { input: reply.body });
  writeFileSync(`${directory}.tar`, reply.body);
  return directory;
}
const json = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;
interface Item {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}
interface Index {
  manifests: { digest: string; size: number; annotations?: Record<string, string> }[];
}

async function load(tag?: string, content = uniqueName('content')): Promise<string> {
  const { archive, id } = dockerArchive({
    tag,
    layers: [tar([{ name: 'a', content }]), tar([{ name: 'b', content: 'b' }])],
  });
  await images.load(archive, tag ?? id);
  return id;
}
const remove = (name: string) => ok(engine.api.delete(`/images/${name}`, { force: true }), 200);

test('an archive is one for docker and an OCI layout in one, and every blob has its digest', async () => {
  const [one, two] = [uniqueName('one'), uniqueName('two')];
  const ids = [await load(`${one}:1`), await load(`${two}:1`)];
  await ok(engine.api.post(`/images/${one}:1/tag`, undefined, { repo: one, tag: '2' }), 201);
  const directory = await saved(`/images/get?names=${one}&names=${two}:1&names=${one}:2`);
  const blobs = readdirSync(join(directory, 'blobs/sha256'));
  for (const name of blobs) assert.equal(digest(readFileSync(join(directory, 'blobs/sha256', name))), `sha256:${name}`);
  const items = json<Item[]>(join(directory, 'manifest.json'));
  assert.deepEqual(
    items.map(({ Config, RepoTags }) => [Config, RepoTags]),
    [
      [`blobs/sha256/${ids[0]!.slice(7)}`, [`${one}:1`, `${one}:2`]],
      [`blobs/sha256/${ids[1]!.slice(7)}`, [`${two}:1`]],
    ],
  );
  for (const { Layers } of items) for (const path of Layers) assert.ok(existsSync(join(directory, path)));
  // The layer that both have is there once.
  assert.equal(blobs.length, 3 + 2 + 2);
  const index = json<Index>(join(directory, 'index.json'));
  assert.deepEqual(
    index.manifests.map(({ annotations }) => annotations!['io.containerd.image.name']),
    [`${one}:1`, `${one}:2`, `${two}:1`].map((name) => `docker.io/library/${name}`),
  );
  assert.deepEqual(json(join(directory, 'oci-layout')), { imageLayoutVersion: '1.0.0' });

  for (const name of [`${one}:1`, `${one}:2`, `${two}:1`]) await remove(name);
  const reply = await engine.api.call('POST', '/images/load', {
    raw: readFileSync(`${directory}.tar`),
    headers: { 'content-type': 'application/x-tar' },
  });
  const loaded = linesOf(reply).flatMap((line) => (line as { stream?: string }).stream ?? []);
  assert.deepEqual(
    loaded,
    [`${one}:1`, `${one}:2`, `${two}:1`].map((name) => `Loaded image: ${name}\n`),
  );
  for (const id of ids) await remove(id);
});

test('by id there is no name; what is not there is said before anything is sent', async () => {
  const id = await load(`${uniqueName('x')}:1`);
  const directory = await saved(`/images/${id}/get`);
  assert.equal(json<Item[]>(join(directory, 'manifest.json'))[0]!.RepoTags, null);
  assert.ok(!existsSync(join(directory, 'repositories')));
  await refused(engine.api.get('/images/nonesuch/get'), 404, 'No such image: nonesuch:latest');
  await refused(engine.api.get('/images/get?names=busybox&names=nonesuch'), 404, 'No such image: nonesuch:latest');
  await refused(engine.api.get('/images/get'), 400, /no image to save/);
  await refused(
    engine.api.get('/images/busybox/get', { platform: 'linux/s390x' }),
    404,
    /does not provide the specified platform/,
  );
  await refused(
    engine.api.get('/images/busybox/get', { platform: '{"os":"linux","architecture":"s390x"}' }),
    404,
    /does not provide the specified platform/,
  );
  await remove(id);
});

test('what was pulled is saved as it came: loaded and pushed again, it has its digest', async () => {
  const repository = uniqueName('kept');
  const name = `${registry.host}/${repository}`;
  const pushed = await registry.push(
    repository,
    '1',
    { layers: [tar([{ name: 'x', content: repository }])] },
    OCI_GZIP,
  );
  await pulled(engine.api, `${name}:1`);
  const directory = await saved(`/images/${name}:1/get`);
  assert.equal(json<Index>(join(directory, 'index.json')).manifests[0]!.digest, pushed.manifest);
  await remove(`${name}:1`);
  await images.load(readFileSync(`${directory}.tar`), `${name}:1`);
  await ok(engine.api.post(`/images/${name}:1/tag`, undefined, { repo: name, tag: 'again' }), 201);
  const reply = await engine.api.call('POST', `/images/${name}:again/push`, { headers: authHeader() });
  assert.equal(linesOf(reply).at(-1)!.aux?.Digest, pushed.manifest);
  await remove(pushed.config);
});

test('skopeo reads what is saved, as either kind of archive, and what it writes is loaded', async () => {
  const name = uniqueName('skopeo');
  const id = await load(`${name}:1`);
  const directory = await saved(`/images/${name}:1/get`);
  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8' });
  for (const source of [`docker-archive:${directory}.tar`, `oci:${directory}:1`]) {
    const out = join(mkdtempSync(join(home, 'skopeo-')), 'x');
    skopeo('copy', '--insecure-policy', '-q', source, `oci:${out}:y`);
    assert.match(skopeo('inspect', '--config', `oci:${out}:y`), /2024-05-06T07:08:09Z/);
    for (const target of [`docker-archive:${out}.d.tar:${name}:again`, `oci-archive:${out}.o.tar:${name}:again`]) {
      skopeo('copy', '--insecure-policy', '-q', source, target);
      await images.load(readFileSync(target.split(':')[1]!), `${name}:again`);
      const { Id } = await ok<{ Id: string }>(engine.api.get(`/images/${name}:again/json`));
      if (source.startsWith('docker')) assert.ok(Id);
      else assert.equal(Id, id);
      await remove(`${name}:again`);
    }
  }
  await remove(`${name}:1`);
});

test('umoci unpacks and repacks what is saved, and that is loaded', async () => {
  const name = uniqueName('umoci');
  const before = await load(`${name}:1`, 'first');
  const directory = await saved(`/images/${name}:1/get`);
  const bundle = join(home, 'bundle');
  execFileSync('umoci', ['unpack', '--image', `${directory}:1`, bundle], { stdio: 'ignore' });
  assert.equal(readFileSync(join(bundle, 'rootfs/a'), 'utf8'), 'first');
  mkdirSync(join(bundle, 'rootfs/new'));
  writeFileSync(join(bundle, 'rootfs/new/c'), 'third');
  rmSync(join(bundle, 'rootfs/b'));
  execFileSync('umoci', ['repack', '--image', `${directory}:1`, bundle], { stdio: 'ignore' });
  // The list of docker speaks of the older image.
  for (const file of ['manifest.json', 'repositories']) rmSync(join(directory, file));
  const archive = execFileSync('tar', ['-C', directory, '-c', '.'], { maxBuffer: 1 << 28 });
  const lines = await images.attempt(archive);
  const id = /Loaded image(?: ID)?: (\S+)/.exec(lines.map(({ stream }) => stream ?? '').join(''))?.[1];
  assert.ok(id, JSON.stringify(lines));
  const history = await ok<object[]>(engine.api.get(`/images/${id}/history`));
  assert.equal(history.length, 3);
  await remove(id);
  await remove(before);
});

test('archives that are compressed as a whole', async () => {
  const name = uniqueName('packed');
  const { archive } = dockerArchive({
    tag: `${name}:1`,
    layers: [tar([{ name: 'r', content: randomBytes(100_000) }])],
  });
  const pack = (program: string) => execFileSync(program, ['-c'], { input: archive, maxBuffer: 1 << 28 });
  for (const packed of [gzipSync(archive), pack('zstd'), pack('xz'), pack('bzip2')]) {
    assert.equal(await images.load(packed, `${name}:1`), `Loaded image: ${name}:1\n`);
    await remove(`${name}:1`);
  }
  const [refusal] = await images.attempt(gzipSync(archive).subarray(0, 50_000));
  assert.match(refusal?.error ?? '', /cannot be decompressed|cannot be read/);
});
