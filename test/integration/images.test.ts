import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader, type Progress } from '../helpers/image-loader.js';
import { busyboxTar } from '../helpers/paths.js';
import { dockerArchive, ociLayout, type TarEntry } from '../helpers/tar.js';
import type { ImageInspect, ImageSummary } from '../helpers/types.js';

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
after(async () => {
  await images.removeAll();
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

  test('the platform it has to be for', async () => {
    const { Id, Architecture } = await inspect(engine.image);
    const other = Architecture === 'amd64' ? 'arm64' : 'amd64';
    const json = (architecture: string) => JSON.stringify({ os: 'linux', architecture });
    for (const way of [`/images/${Id}/json`, `/images/${Id}/history`]) {
      await ok(engine.api.get(way, { platform: json(Architecture) }));
      await refused(
        engine.api.get(way, { platform: json(other) }),
        404,
        `image with reference ${Id} was found but its platform (linux/${Architecture}) does not match the specified platform (linux/${other})`,
      );
      await refused(engine.api.get(way, { platform: 'linux' }), 400, /failed to parse platform/);
      await refused(engine.api.get(way, { platform: '{"os":1}' }), 400, /failed to parse platform/);
      await refused(
        engine.api.get(way, { platform: '{"os":"linux"}' }),
        400,
        'both OS and Architecture must be provided',
      );
    }
    // An image is for one platform: there is no list of manifests, as in a dockerd without containerd's store.
    const listed = await list({ manifests: 1 });
    assert.ok(listed.every((image) => !('Manifests' in image)));
    const inspected = await ok<object>(engine.api.get(`/images/${Id}/json`, { manifests: 1 }));
    assert.ok(!('Manifests' in inspected));
    await refused(
      engine.api.get(`/images/${Id}/json`, { manifests: 1, platform: json(Architecture) }),
      400,
      'conflicting options: manifests and platform options cannot both be set',
    );
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
    await images.load(archive, `${tag}:v1`);
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
    await images.load(archive, `${name}:one`);
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
    await images.load(archive, `${name}:one`);
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
    await images.load(archive, `${name}:latest`);
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
      assert.match(await images.load(archive, `${name}:v1`), new RegExp(`Loaded image: ${name}:v1`));
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
    assert.match(await images.load(archive, id), new RegExp(`Loaded image ID: ${id}`));
    assert.deepEqual((await inspect(id)).RepoTags, []);
  });

  test('quiet says only what was loaded', async () => {
    const name = uniqueName('img');
    const { archive } = dockerArchive({ tag: `${name}:v1`, layers: [[{ name: 'f', content: name }]] });
    images.adopt(`${name}:v1`);
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
    await images.load(first.archive, `${a}:v1`);
    await images.load(second.archive, `${b}:v1`);
    assert.equal((await inspect(`${a}:v1`)).RootFS.Layers[0], (await inspect(`${b}:v1`)).RootFS.Layers[0]);
    await ok(engine.api.delete(`/images/${a}:v1`));
    const container = await engine.launch({ Image: `${b}:v1`, Cmd: ['sh', '-c', 'read x < /base; echo $x'] });
    await engine.wait(container);
    assert.equal((await engine.logs(container)).stdout, `${a}\n`);
    await engine.remove(container);
  });
});
