import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { assertUnchanged, captureHost, difference } from '../helpers/host-state.js';
import { busyboxTar } from '../helpers/paths.js';
import { dockerArchive, ociLayout, type TarEntry, tar } from '../helpers/tar.js';
import type { ImageInspect, ImageSummary } from '../helpers/types.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
const loaded = new Set<string>();
after(async () => {
  for (const image of loaded) await engine.api.delete(`/images/${image}`, { force: true });
  await engine.close();
});

let busybox: Buffer;
before(async () => {
  const id = await engine.create({ Cmd: ['cat', '/bin/busybox'] });
  const stream = await engine.attach(id);
  await engine.start(id);
  await stream.finished();
  busybox = Buffer.concat(stream.stdout);
});

interface Progress {
  stream?: string;
  error?: string;
  errorDetail?: { message: string };
}

/** Loads an archive; gives the lines of the answer, a refusal among them in whichever form it comes. */
async function load(archive: Buffer, type = 'application/x-tar'): Promise<Progress[]> {
  const reply = await engine.api.call('POST', '/images/load', { raw: archive, headers: { 'content-type': type } });
  if (reply.status >= 400) return [{ error: reply.message }];
  return reply.text
    .split(/\r?\n/)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Progress);
}

/** Loads an archive that is right, and remembers to remove it. */
async function loads(archive: Buffer, image: string): Promise<string> {
  loaded.add(image);
  const lines = await load(archive);
  assert.deepEqual(
    lines.filter(({ error }) => error),
    [],
  );
  return lines.map(({ stream }) => stream ?? '').join('');
}

const inspect = (name: string) => ok<ImageInspect>(engine.api.get(`/images/${name}/json`));
const list = (query: Record<string, string | number> = {}) => ok<ImageSummary[]>(engine.api.get('/images/json', query));

/** A layer from which a container can run. */
const programs = (): TarEntry[] => [
  { name: 'bin/', type: '5' },
  { name: 'bin/busybox', content: busybox, mode: 0o755 },
  { name: 'bin/sh', type: '2', link: 'busybox' },
];

describe('list and inspect', () => {
  test('the image that ships is there', async () => {
    const seen = await inspect(engine.image);
    assert.match(seen.Id, /^sha256:[0-9a-f]{64}$/);
    assert.ok(seen.RepoTags.includes(engine.image));
    assert.equal(seen.Os, 'linux');
    assert.match(seen.Architecture, /^(amd64|arm64)$/);
    assert.equal(seen.RootFS.Type, 'layers');
    assert.ok(seen.RootFS.Layers.every((layer) => /^sha256:[0-9a-f]{64}$/.test(layer)));
    assert.ok(seen.Size > 500_000 && seen.Size < 10_000_000, String(seen.Size));
    const summary = (await list()).find(({ Id }) => Id === seen.Id)!;
    assert.ok(summary.RepoTags?.includes(engine.image));
    assert.equal(summary.Size, seen.Size);
    assert.equal(summary.Created, Math.floor(Date.parse(seen.Created) / 1000));
  });

  test('every way to name it', async () => {
    const { Id } = await inspect(engine.image);
    const name = engine.image.replace(/:latest$/, '');
    for (const way of [
      Id,
      Id.slice(7),
      Id.slice(7, 19),
      Id.slice(0, 19),
      name,
      `library/${name}`,
      `docker.io/library/${name}:latest`,
    ]) {
      assert.equal((await inspect(encodeURIComponent(way).replaceAll('%2F', '/'))).Id, Id, way);
    }
  });

  test('what is not there, or no name at all', async () => {
    await refused(engine.api.get('/images/nothing/json'), 404, 'No such image: nothing:latest');
    await refused(engine.api.get('/images/nothing:v9/json'), 404, 'No such image: nothing:v9');
    await refused(
      engine.api.get('/images/UPPER/json'),
      400,
      'invalid reference format: repository name (library/UPPER) must be lowercase',
    );
  });

  test('filters: reference, label, dangling; unknown ones are refused', async () => {
    const tag = uniqueName('img');
    const { archive } = dockerArchive({
      tag: `${tag}:v1`,
      layers: [[{ name: 'f', content: tag }]],
      config: { Labels: { mark: tag } },
    });
    await loads(archive, `${tag}:v1`);
    const tags = async (filters: object) =>
      (await list({ filters: JSON.stringify(filters) })).flatMap(({ RepoTags }) => RepoTags ?? []);
    assert.deepEqual(await tags({ reference: [tag] }), [`${tag}:v1`]);
    assert.deepEqual(await tags({ reference: [`${tag.slice(0, 6)}*:v1`], label: [`mark=${tag}`] }), [`${tag}:v1`]);
    assert.deepEqual(await tags({ label: [`mark=${tag}`] }), [`${tag}:v1`]);
    assert.ok(!(await tags({ dangling: ['true'] })).includes(`${tag}:v1`));
    await refused(engine.api.get('/images/json', { filters: '{"nope":["x"]}' }), 400, "invalid filter 'nope'");
  });
});

describe('tag and remove', () => {
  test('tags come and go; the image goes with its last', async () => {
    const name = uniqueName('img');
    const { archive, id } = dockerArchive({ tag: `${name}:one`, layers: [[{ name: 'f', content: name }]] });
    await loads(archive, `${name}:one`);
    await ok(engine.api.post(`/images/${name}:one/tag`, undefined, { repo: name, tag: 'two' }), 201);
    await ok(engine.api.post(`/images/${id}/tag`, undefined, { repo: `example.com:5000/a/${name}` }), 201);
    assert.deepEqual((await inspect(id)).RepoTags.sort(), [
      `example.com:5000/a/${name}:latest`,
      `${name}:one`,
      `${name}:two`,
    ]);
    assert.deepEqual(await ok(engine.api.delete(`/images/${name}:one`)), [{ Untagged: `${name}:one` }]);
    assert.deepEqual(await ok(engine.api.delete(`/images/example.com:5000/a/${name}:latest`)), [
      { Untagged: `example.com:5000/a/${name}:latest` },
    ]);
    const gone = await ok<Record<string, string>[]>(engine.api.delete(`/images/${name}:two`));
    assert.deepEqual(gone.slice(0, 2), [{ Untagged: `${name}:two` }, { Deleted: id }]);
    await refused(engine.api.get(`/images/${id}/json`), 404, `No such image: ${id}`);
  });

  test('by id: one of several names needs force', async () => {
    const name = uniqueName('img');
    const { archive, id } = dockerArchive({ tag: `${name}:one`, layers: [[{ name: 'f', content: name }]] });
    await loads(archive, `${name}:one`);
    await ok(engine.api.post(`/images/${id}/tag`, undefined, { repo: `${name}-other` }), 201);
    const short = id.slice(7, 19);
    await refused(
      engine.api.delete(`/images/${id}`),
      409,
      `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
    );
    const gone = await ok<Record<string, string>[]>(engine.api.delete(`/images/${id}`, { force: true }));
    assert.ok(gone.some(({ Deleted }) => Deleted === id));
  });

  test('an image in use stays, and its container lives on when it is removed by force', async () => {
    const name = uniqueName('img');
    const { archive, id } = dockerArchive({
      tag: `${name}:latest`,
      layers: [programs(), [{ name: 'mine', content: name }]],
    });
    await loads(archive, `${name}:latest`);
    const container = await engine.create({ Image: name, Cmd: ['sh', '-c', 'read x < /mine; echo $x'] });
    await refused(
      engine.api.delete(`/images/${name}`),
      409,
      `conflict: unable to remove repository reference "${name}" (must force) - container ${container.slice(0, 12)} is using its referenced image ${id.slice(7, 19)}`,
    );
    await ok(engine.api.delete(`/images/${name}`, { force: true }));
    await engine.start(container);
    assert.equal(await engine.wait(container), 0);
    assert.equal((await engine.logs(container)).stdout, `${name}\n`);
  });

  test('names that are none', async () => {
    const tag = (repo: string, tag: string) => engine.api.post(`/images/${engine.image}/tag`, undefined, { repo, tag });
    await refused(
      tag('UPPER', 'x'),
      400,
      'invalid reference format: repository name (library/UPPER) must be lowercase',
    );
    await refused(tag('fine', 'not fine'), 400, 'invalid tag format');
    await refused(
      engine.api.post('/images/nothing/tag', undefined, { repo: 'x' }),
      404,
      'No such image: nothing:latest',
    );
    await refused(engine.api.delete('/images/nothing'), 404, 'No such image: nothing:latest');
  });
});

describe('load', () => {
  test('the shipped archive once more, as a stream', async () => {
    const reply = await engine.api.call('POST', '/images/load', {
      raw: createReadStream(busyboxTar()),
      headers: { 'content-type': 'application/x-tar' },
    });
    assert.equal(reply.status, 200);
    assert.match(reply.text, /Loaded image: busybox:latest/);
  });

  // dockerd reads a layout without manifest.json only with containerd's image store.
  const kinds = [
    ['docker-archive', (image: Parameters<typeof dockerArchive>[0]) => dockerArchive(image)],
    ['OCI layout with gzip layers', (image: Parameters<typeof dockerArchive>[0]) => ociLayout(image)],
    [
      'docker-archive, all of it compressed',
      (image: Parameters<typeof dockerArchive>[0]) => {
        const { archive, id } = dockerArchive(image);
        return { archive: gzipSync(archive), id };
      },
    ],
  ] as const;
  for (const [what, make] of kinds.filter(([kind]) => engine.own || !kind.startsWith('OCI'))) {
    test(`${what}: layers on top of each other, with what they take away`, async () => {
      const name = uniqueName('img');
      const { archive, id } = make({
        tag: `${name}:v1`,
        layers: [
          [
            ...programs(),
            { name: 'gone', content: '1' },
            { name: 'd/', type: '5' },
            { name: 'd/kept', content: '1' },
            { name: 'd/gone', content: '1' },
            { name: 'opaque/', type: '5' },
            { name: 'opaque/old', content: '1' },
          ],
          [
            { name: '.wh.gone' },
            { name: 'd/', type: '5' },
            { name: 'd/.wh.gone' },
            { name: 'opaque/', type: '5' },
            { name: 'opaque/.wh..wh..opq' },
            { name: 'opaque/new', content: '1' },
          ],
          [
            { name: 'link', type: '2', link: 'd/kept' },
            { name: 'own', content: '1' },
            { name: 'hard', type: '1', link: 'own' },
            { name: 'exe', content: '#!/bin/sh\necho ran\n', mode: 0o755 },
          ],
        ],
        config: {
          Cmd: ['sh', '-c', 'for f in /gone /d/* /opaque/* /link /hard; do test -e $f && echo $f; done; /exe'],
          Env: ['PATH=/bin', 'FROM=image'],
          WorkingDir: '/d',
        },
      });
      assert.match(await loads(archive, `${name}:v1`), new RegExp(`Loaded image: ${name}:v1`));
      const seen = await inspect(`${name}:v1`);
      assert.equal(seen.Id, id);
      assert.equal(seen.RootFS.Layers.length, 3);
      const container = await engine.launch({ Image: `${name}:v1` });
      assert.equal(await engine.wait(container), 0);
      assert.equal((await engine.logs(container)).stdout, '/d/kept\n/opaque/new\n/link\n/hard\nran\n');
      await engine.remove(container);
    });
  }

  test('an archive without a name loads by its id', async () => {
    const { archive, id } = dockerArchive({ layers: [[{ name: 'f', content: uniqueName() }]] });
    assert.match(await loads(archive, id), new RegExp(`Loaded image ID: ${id}`));
    assert.deepEqual((await inspect(id)).RepoTags, []);
  });

  test('quiet says only what was loaded', async () => {
    const name = uniqueName('img');
    const { archive } = dockerArchive({ tag: `${name}:v1`, layers: [[{ name: 'f', content: name }]] });
    loaded.add(`${name}:v1`);
    const reply = await engine.api.call('POST', '/images/load', {
      raw: archive,
      query: { quiet: 1 },
      headers: { 'content-type': 'application/x-tar' },
    });
    assert.deepEqual(
      reply.text
        .trim()
        .split(/\r?\n/)
        .map((line) => JSON.parse(line) as Progress),
      [{ stream: `Loaded image: ${name}:v1\n` }],
    );
  });

  test('layers that two images share are kept once and outlive one of them', async () => {
    const [a, b] = [uniqueName('img'), uniqueName('img')];
    const base = [...programs(), { name: 'base', content: a }];
    const first = dockerArchive({ tag: `${a}:v1`, layers: [base] });
    const second = dockerArchive({ tag: `${b}:v1`, layers: [base, [{ name: 'more', content: b }]] });
    await loads(first.archive, `${a}:v1`);
    await loads(second.archive, `${b}:v1`);
    assert.equal((await inspect(`${a}:v1`)).RootFS.Layers[0], (await inspect(`${b}:v1`)).RootFS.Layers[0]);
    await ok(engine.api.delete(`/images/${a}:v1`));
    const container = await engine.launch({ Image: `${b}:v1`, Cmd: ['sh', '-c', 'read x < /base; echo $x'] });
    await engine.wait(container);
    assert.equal((await engine.logs(container)).stdout, `${a}\n`);
    await engine.remove(container);
  });
});

describe('an archive that is broken', () => {
  const image = () => ({
    tag: `${uniqueName('bad')}:v1`,
    layers: [[{ name: 'a', content: 'x'.repeat(5000) }], [{ name: 'b', content: uniqueName() }]],
  });
  const swap = (archive: Buffer, from: string, to: string) =>
    Buffer.from(archive.toString('latin1').replaceAll(from, to), 'latin1');

  /** It must be refused with a sentence, and leave nothing: no image, no file. */
  async function refuses(archive: Buffer, message: RegExp = /./): Promise<void> {
    const images = await list({ all: 1 });
    const host = engine.daemon && captureHost(engine.daemon);
    const error = (await load(archive)).find((line) => line.error)?.error;
    assert.ok(error !== undefined, 'it was loaded');
    assert.match(error, message);
    const ids = (summaries: ImageSummary[]) => summaries.map(({ Id }) => Id).sort();
    assert.deepEqual(ids(await list({ all: 1 })), ids(images));
    if (engine.daemon && host) {
      assert.deepEqual(
        difference({ ...host, descriptors: [] }, { ...captureHost(engine.daemon), descriptors: [] }),
        [],
      );
    }
  }

  test('garbage, and nothing at all', async () => {
    await refuses(Buffer.from('garbage that is no archive'));
    await refuses(Buffer.alloc(100_000, 0x55));
    await refuses(Buffer.alloc(0));
    await refuses(tar([]));
    await refuses(tar([{ name: 'unrelated', content: 'file' }]));
  });

  test('truncated anywhere', async () => {
    const { archive } = dockerArchive(image());
    for (const share of [0.2, 0.5, 0.8]) await refuses(archive.subarray(0, Math.floor(archive.length * share)));
    const layout = ociLayout(image()).archive;
    for (const share of [0.3, 0.7]) await refuses(layout.subarray(0, Math.floor(layout.length * share)));
    const packed = gzipSync(archive);
    await refuses(packed.subarray(0, packed.length >> 1));
  });

  test('a manifest that is no JSON, or names what is not there', async () => {
    await refuses(tar([{ name: 'manifest.json', content: '{nonsense' }]));
    await refuses(
      tar([{ name: 'manifest.json', content: '[{"Config":"missing.json","RepoTags":["x:y"],"Layers":[]}]' }]),
    );
    const { archive } = dockerArchive(image());
    await refuses(swap(archive, '/layer.tar"', '/layer.tax"'));
  });

  test('a layer whose digest is not the one in the configuration', async () => {
    const bad = image();
    const { archive } = dockerArchive(bad);
    await refuses(swap(archive, 'x'.repeat(5000), 'y'.repeat(5000)), /layer|digest|diff/i);
  });

  if (engine.own) {
    test('an OCI layout whose blobs are not what their names say', async () => {
      for (const target of ['config', 'layer', 'manifest'] as const) {
        const { archive } = ociLayout(image(), (blob, kind) =>
          kind === target ? Buffer.concat([blob.subarray(0, -1), Buffer.from([blob.at(-1)! ^ 1])]) : blob,
        );
        await refuses(archive, /digest|sha256|verif|unexpected/i);
      }
    });

    test('a layer that is no archive, with the right digest', async () => {
      const layer = Buffer.from('this is no tar archive at all, but its digest is right'.repeat(20));
      const { archive } = ociLayout({ ...image(), layers: [layer] });
      await refuses(archive);
    });

    test('layers that reach out of their tree leave the host alone', async () => {
      const outside = join(engine.daemon!.home, 'outside');
      const escapes: TarEntry[][] = [
        [{ name: `../../../../../../../../..${outside}`, content: 'escaped' }],
        [{ name: outside, content: 'escaped' }],
        [
          { name: 'out', type: '2', link: engine.daemon!.home },
          { name: 'out/outside', content: 'escaped' },
        ],
        [
          { name: 'hard', type: '1', link: `../../../../../../../..${join(engine.daemon!.home, 'daemon.json')}` },
          { name: 'hard', content: 'escaped' },
        ],
      ];
      for (const layer of escapes) {
        const name = `${uniqueName('evil')}:v1`;
        loaded.add(name);
        await load(dockerArchive({ tag: name, layers: [layer] }).archive); // refused or tamed: both will do
        assert.equal(existsSync(outside), false, JSON.stringify(layer));
        assert.ok(!readdirSync(engine.daemon!.home).includes('outside'));
      }
      await ok(engine.api.get('/_ping'));
    });
  }

  if (engine.own) {
    test('a client that vanishes in the middle leaves nothing behind', async () => {
      const before = captureHost(engine.daemon!);
      const { archive } = dockerArchive({
        tag: 'gone:v1',
        layers: [[{ name: 'big', content: Buffer.alloc(4 << 20, 7) }]],
      });
      const body = new PassThrough();
      const leave = new AbortController();
      const load = engine.api.open('POST', '/images/load', { raw: body, signal: leave.signal });
      load.catch(() => {});
      body.write(archive.subarray(0, archive.length >> 1));
      await until('the archive is being received', () => difference(before, captureHost(engine.daemon!)).length > 0);
      leave.abort();
      await assertUnchanged(engine.daemon!, before);
      assert.equal((await engine.api.get('/images/gone:v1/json')).status, 404);
    });
  }

  test('afterwards a good one is loaded as ever', async () => {
    const good = image();
    await loads(dockerArchive(good).archive, good.tag);
    assert.deepEqual((await inspect(good.tag)).RepoTags, [good.tag]);
  });
});
