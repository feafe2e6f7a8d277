import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { assertUnchanged, captureHost, difference } from '../helpers/host-state.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive, ociLayout, type TarEntry, tar } from '../helpers/tar.js';
import type { ImageInspect, ImageSummary } from '../helpers/types.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
after(async () => {
  await images.removeAll();
  await engine.close();
});

const list = () => ok<ImageSummary[]>(engine.api.get('/images/json', { all: 1 }));

describe('an archive that is broken', () => {
  const image = () => ({
    tag: `${uniqueName('bad')}:v1`,
    layers: [[{ name: 'a', content: 'x'.repeat(5000) }], [{ name: 'b', content: uniqueName() }]],
  });
  const swap = (archive: Buffer, from: string, to: string) =>
    Buffer.from(archive.toString('latin1').replaceAll(from, to), 'latin1');

  /** It must be refused with a sentence, and leave nothing: no image, no file. */
  async function refuses(archive: Buffer, message: RegExp = /./): Promise<void> {
    const before = await list();
    const host = engine.daemon && captureHost(engine.daemon);
    const error = (await images.attempt(archive)).find((line) => line.error)?.error;
    assert.ok(error !== undefined, 'it was loaded');
    assert.match(error, message);
    const ids = (summaries: ImageSummary[]) => summaries.map(({ Id }) => Id).sort();
    assert.deepEqual(ids(await list()), ids(before));
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
        images.adopt(name);
        await images.attempt(dockerArchive({ tag: name, layers: [layer] }).archive); // refused or tamed: both will do
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
    await images.load(dockerArchive(good).archive, good.tag);
    assert.deepEqual((await ok<ImageInspect>(engine.api.get(`/images/${good.tag}/json`))).RepoTags, [good.tag]);
  });
});
