import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readImageArchive } from './archive.js';
import type { ArchivedImage } from './archived-image.js';
import { EagerUnpacker } from './eager-unpack.js';
import { Ingest } from './ingest.js';
import { LayerStore } from './layers.js';
import {
  configFor,
  digestOf,
  dockerEntries,
  type Entry,
  inPieces,
  makeScratch,
  makeTar,
  OCI,
  ociEntries,
} from './test-archives.js';

/* Layers are unpacked by the real td-layer, which needs root. */

const scratch = makeScratch();
const layers = new LayerStore(scratch);
before(() => layers.restore(new Set()));
after(async () => {
  await layers.emptied();
  scratch.remove();
});

const layer = await makeTar([[{ name: 'hello' }, 'world']]);
const other = await makeTar([[{ name: 'other' }, 'layer']]);
const config = configFor([layer, other]);

/** Reads an archive and, however that ends, checks that nothing stays behind. */
async function readBytes(archive: Buffer, look: (images: ArchivedImage[]) => void = () => {}): Promise<void> {
  const ingest = new Ingest(scratch);
  const eager = new EagerUnpacker(layers);
  try {
    look(await readImageArchive(inPieces(archive), ingest, eager, () => false));
  } finally {
    await eager.close();
    await ingest.close();
    assert.deepEqual(readdirSync(scratch.ingest), []);
  }
}

const read = async (entries: readonly Entry[], look?: (images: ArchivedImage[]) => void) =>
  readBytes(await makeTar(entries), look);

const refused = async (entries: readonly Entry[], message: RegExp) =>
  assert.rejects(read(entries), (error: Error & { kind?: string }) => {
    assert.match(error.message, message);
    assert.equal(error.kind, 'invalid');
    return true;
  });

/** The entries with the data of one of them changed. */
const changed = (entries: readonly Entry[], name: string, change: (text: string) => string): Entry[] =>
  entries.map(([header, data]) => [header, header.name === name ? change(String(data)) : data]);

const check = (tags: string[]) => (images: ArchivedImage[]) => {
  assert.equal(images.length, 1);
  assert.equal(images[0]!.document.id, digestOf(config));
  assert.equal(images[0]!.document.text, config);
  assert.deepEqual(images[0]!.tags, tags);
  assert.deepEqual(
    images[0]!.layers.map(({ diffId }) => diffId),
    [digestOf(layer), digestOf(other)],
  );
};

test('what docker save writes', async () => {
  await read(dockerEntries(config, [layer, other], ['a/b:1', 'c']), (images) => {
    check(['docker.io/a/b:1', 'docker.io/library/c:latest'])(images);
    const { file } = images[0]!.layers[0]!;
    assert.equal(file.digest, digestOf(layer));
    assert.deepEqual(readFileSync(file.path), layer);
  });
});

test('an archive that is compressed as a whole', async () => {
  await readBytes(gzipSync(await makeTar(dockerEntries(config, [layer, other]))), check([]));
});

test('layers that are links to other layers, as older versions wrote them', async () => {
  const entries = dockerEntries(configFor([layer, layer]), [layer]);
  const manifest = [{ Config: 'config.json', Layers: ['0/layer.tar', '1/layer.tar'] }];
  const [first, conf] = entries;
  const link: Entry = [{ name: '1/layer.tar', type: 'symlink', linkname: '../0/layer.tar' }];
  await read([first!, conf!, link, [{ name: 'manifest.json' }, JSON.stringify(manifest)]], ([image]) => {
    assert.equal(image!.layers[1]!.file, image!.layers[0]!.file);
    assert.notEqual(image!.layers[1]!.chainId, image!.layers[0]!.chainId);
  });
});

test('an OCI layout: its blobs are what their names say', async () => {
  const blobs = [gzipSync(layer), gzipSync(other)];
  const entries = ociEntries(config, blobs, 'x.example:5000/app:2', '+gzip');
  await read(entries, (images) => {
    check(['x.example:5000/app:2'])(images);
    assert.equal(images[0]!.layers[0]!.file.digest, digestOf(blobs[0]!));
  });
  const blob = entries[2]![0].name;
  await refused(
    changed(entries, blob, (text) => `${text}.`),
    /^blob sha256:[0-9a-f]{64} in the archive has the digest/,
  );
  await refused(
    entries.filter(([{ name }]) => name !== blob),
    /^the archive has no blob sha256:/,
  );
  await refused(
    changed(entries, 'index.json', (text) => text.replace(/"size":\d+/, '"size":7')),
    /has \d+ bytes instead of 7$/,
  );
  await refused(
    changed(entries, 'index.json', (text) => text.replace(/sha256:[0-9a-f]{64}/, 'sha256:../../../etc/passwd')),
    /malformed descriptor/,
  );
  // A bare tag is no name.
  await read(ociEntries(config, blobs, 'latest', '+gzip'), check([]));
});

/** A layout whose index points to these documents, the first of which is the image's. */
const layout = (documents: string[], types: string[]): Entry[] => [
  ...documents.map((text): Entry => [{ name: `blobs/sha256/${digestOf(text).slice(7)}` }, text]),
  [
    { name: 'index.json' },
    JSON.stringify({
      manifests: [{ mediaType: types[0], digest: digestOf(documents[0]!), size: documents[0]!.length }],
    }),
  ],
];

test('a document that is both a manifest and an index is neither', async () => {
  const both = JSON.stringify({ manifests: [], layers: [], config: {} });
  await refused(layout([both], [`${OCI}.index.v1+json`]), /is both an index and a manifest$/);
  const lying = JSON.stringify({ mediaType: `${OCI}.index.v1+json`, layers: [], config: {} });
  await refused(layout([lying], [`${OCI}.manifest.v1+json`]), /says that it is "application.*index/);
  const endless = JSON.stringify({ manifests: [] });
  await refused(layout([endless], [`${OCI}.index.v1+json`]), /has no image for linux/);
});

test('of several platforms the one of this machine is taken', async () => {
  const entries = ociEntries(config, [layer, other], 'x/y:1');
  const index = JSON.parse(String(entries.at(-1)![1])) as { manifests: object[] };
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const nested = JSON.stringify({
    manifests: [
      { ...index.manifests[0], digest: digestOf('nothing'), platform: { os: 'linux', architecture: 's390x' } },
      { ...index.manifests[0], platform: { os: 'linux', architecture: arch } },
      { ...index.manifests[0], digest: digestOf('signed'), platform: { os: 'unknown', architecture: 'unknown' } },
    ],
  });
  await read([...entries.slice(0, -1), ...layout([nested], [`${OCI}.index.v1+json`])], check([]));
});

test('names lead nowhere but into the archive', async () => {
  await refused([[{ name: '../../evil' }, 'x']], /^archive entry "..\/..\/evil" leads out of the archive$/);
  await refused([[{ name: 'l', type: 'symlink', linkname: '../../etc/shadow' }]], /leads out of the archive$/);
  for (const name of ['../../../etc/passwd', '/etc/passwd', 'config.json/../../x']) {
    const manifest = JSON.stringify([{ Config: name, Layers: [] }]);
    await refused([[{ name: 'manifest.json' }, manifest]], /leads out of the archive|has no "/);
  }
  // A loop of links ends.
  await refused(
    [
      [{ name: 'manifest.json', type: 'symlink', linkname: 'index.json' }],
      [{ name: 'index.json', type: 'symlink', linkname: 'manifest.json' }],
    ],
    /holds no image/,
  );
});

test('documents that are not what they should be', async () => {
  const entries = dockerEntries(config, [layer, other], ['a:1']);
  const manifest = (change: (text: string) => string) => changed(entries, 'manifest.json', change);
  await refused(
    manifest(() => '{'),
    /^manifest.json is not valid JSON$/,
  );
  await refused(
    manifest(() => '{}'),
    /^manifest.json is not a list of images$/,
  );
  await refused(
    manifest(() => '[{"Config":7}]'),
    /^manifest.json is not a list of images$/,
  );
  await refused(
    manifest(() => '[]'),
    /^the archive holds no image$/,
  );
  await refused(
    manifest((text) => text.replace('a:1', 'A B')),
    /^invalid reference format/,
  );
  await refused(
    manifest((text) => text.replace('a:1', `a@${digestOf('')}`)),
    /^invalid tag/,
  );
  await refused(
    manifest((text) => text.replace('1/layer.tar', 'none')),
    /^the archive has no "none"/,
  );
  await refused(
    manifest((text) => text.replace(',"1/layer.tar"', '')),
    /layers length mismatch: expected 2, got 1$/,
  );
  await refused(
    manifest((text) => text.padEnd(4 * 1024 * 1024 + 1)),
    /manifest.json"? .*is larger than 4194304 bytes$/,
  );

  const withConfig = (text: string) => changed(entries, 'config.json', () => text);
  await refused(withConfig('null'), /is not a JSON object$/);
  await refused(withConfig('{"os":"windows"}'), /is for "windows", not for linux$/);
  await refused(withConfig('{"os":"linux"}'), /has no root file system of layers$/);
  await refused(withConfig(config.replace(/sha256:[0-9a-f]{64}/, 'sha256:../x')), /has a malformed layer digest$/);
  await refused(withConfig(config.replace('["sh"]', '{"sh":1}')), /has a wrong "config": Cmd/);
  await refused(withConfig(config.replace('"amd64"', '7')), /has a member of a wrong type$/);
});

test('what is no archive, or only a part of one', async () => {
  const whole = await makeTar(dockerEntries(config, [layer, other]));
  for (const size of [1, 511, 700, 1536, whole.length / 2]) {
    await assert.rejects(readBytes(whole.subarray(0, size)), { kind: 'invalid' }, `cut at ${size}`);
  }
  const packed = gzipSync(whole);
  await assert.rejects(readBytes(packed.subarray(0, packed.length - 20)), { kind: 'invalid' });
  await assert.rejects(readBytes(Buffer.alloc(0)), /holds no image/);
  await assert.rejects(readBytes(Buffer.from('28b52ffd00000000', 'hex')), /the archive cannot be decompressed/);
  await assert.rejects(readBytes(Buffer.alloc(5000, 'x')), /^EngineError: the archive cannot be read/);
});

test('an archive may be compressed as a whole', async () => {
  const archive = await makeTar(dockerEntries(config, [layer, other]));
  await readBytes(gzipSync(archive), check([]));
  for (const program of ['zstd', 'xz', 'bzip2']) {
    await readBytes(execFileSync(program, ['-c'], { input: archive }), check([]));
  }
});

test('a client that goes away is an error, and no part stays', async () => {
  const ingest = new Ingest(scratch);
  async function* broken() {
    yield (await makeTar(dockerEntries(config, [layer, other]))).subarray(0, 1500);
    throw new Error('aborted');
  }
  const eager = new EagerUnpacker(layers);
  await assert.rejects(
    readImageArchive(broken(), ingest, eager, () => false),
    /the archive cannot be read: aborted/,
  );
  await eager.close();
  await ingest.close();
  assert.deepEqual(readdirSync(scratch.ingest), []);
});
