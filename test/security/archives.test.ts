import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { ok } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { captureHost, difference } from '../helpers/host-state.js';
import { openHostile } from '../helpers/hostile-image.js';
import { digest, dockerArchive, ociLayout, type TarEntry, tar } from '../helpers/tar.js';
import type { ImageSummary } from '../helpers/types.js';
import { until, within } from '../helpers/until.js';

/* Images that somebody wrote to break out of the directory that they are unpacked into, or to be taken for another one. */

const { engine, host, loader } = await openHostile();
const daemon = engine.daemon!;

const list = () => ok<ImageSummary[]>(engine.api.get('/images/json', { all: 1 }));
const up = '../'.repeat(24);

/** The archive is refused with a sentence, and nothing of it stays: no image, no file. */
async function refuses(archive: Buffer, message: RegExp): Promise<void> {
  const before = captureHost(daemon);
  const images = (await list()).map(({ Id }) => Id).sort();
  const error = (await within('an answer', loader.attempt(archive), 20_000)).find((line) => line.error)?.error;
  assert.match(error ?? 'it was loaded', message);
  assert.deepEqual((await list()).map(({ Id }) => Id).sort(), images);
  assert.deepEqual(difference({ ...before, descriptors: [] }, { ...captureHost(daemon), descriptors: [] }), []);
  host.assertUnchanged();
}

const json = (name: string, content: unknown): TarEntry => ({ name, content: JSON.stringify(content) });
const blob = (content: Buffer | string): TarEntry => ({ name: `blobs/sha256/${digest(content).slice(7)}`, content });

describe('names in a manifest (CVE-2014-9356, CVE-2014-9357, CVE-2014-9358, CVE-2014-6407)', () => {
  const { archive: good } = dockerArchive({ layers: [[{ name: 'a', content: 'x' }]] });
  const manifest = (Config: string, Layers: string[], RepoTags: unknown = null) =>
    json('manifest.json', [{ Config, Layers, RepoTags }]);

  test('that lead out of the archive', async () => {
    for (const name of [`${up}etc/passwd`, '../../x', '/etc/passwd', 'a/../../etc/shadow', host.directory]) {
      await refuses(tar([manifest(name, [])]), /leads out of the archive|has no "|not valid JSON/);
      await refuses(
        Buffer.concat([good.subarray(0, -1024), tar([manifest('x.json', [name])])]),
        /leads out of the archive|has no "/,
      );
    }
  });

  test('that are links in the archive, out of it, in circles, to a manifest', async () => {
    for (const link of [
      `${up}etc/passwd`,
      '/etc/passwd',
      `${host.directory}/secret`,
      'layer.tar',
      'b',
      'manifest.json',
    ]) {
      await refuses(
        tar([
          { name: 'c.json', type: '2', link },
          { name: 'b', type: '2', link: 'c.json' },
          { name: 'layer.tar', type: '2', link },
          manifest('c.json', ['layer.tar']),
        ]),
        /leads out of the archive|has no "|the image configuration/,
      );
      await refuses(
        tar([{ name: 'c.json', type: '1', link }, manifest('c.json', [])]),
        /leads out of the archive|has no "|the image configuration/,
      );
    }
  });

  test('of entries: out of the archive, with a NUL, of devices and FIFOs', async () => {
    for (const name of ['../x', `${up}etc/x`, 'a/../../x'])
      await refuses(tar([{ name, content: 'x' }]), /leads out of the archive/);
    for (const type of ['3', '4', '6']) await refuses(tar([{ name: 'manifest.json', type, device: [1, 5] }]), /./);
  });

  test('of images are references or are refused', async () => {
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
    for (const tag of [
      '../x:1',
      'a b:1',
      'x:1\ny',
      '$(id):1',
      '-x:1',
      'x:',
      '/x:1',
      `${'x'.repeat(300)}:1`,
      'sha256:../x',
    ])
      await refuses(tar([{ name: 'c.json', content: config }, manifest('c.json', [], [tag])]), /reference|tag|name/);
    for (const tags of ['x', [5], { a: 1 }])
      await refuses(
        tar([{ name: 'c.json', content: config }, manifest('c.json', [], tags)]),
        /is not a list of images/,
      );
  });
});

describe('manifests that are two things, or not what they are said to be (CVE-2021-41190, CVE-2024-3727)', () => {
  const layout = (index: unknown, ...blobs: TarEntry[]) =>
    tar([json('oci-layout', { imageLayoutVersion: '1.0.0' }), json('index.json', index), ...blobs]);
  const INDEX = 'application/vnd.oci.image.index.v1+json';
  const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
  const describing = (content: string, mediaType: string) => ({
    mediaType,
    digest: digest(content),
    size: Buffer.byteLength(content),
  });
  const manifest = (more: object = {}) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: describing(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [],
      ...more,
    });
  const index = (...manifests: unknown[]) => ({ schemaVersion: 2, mediaType: INDEX, manifests });

  test('both layers and manifests', async () => {
    for (const mediaType of [MANIFEST, INDEX]) {
      const both = manifest({ mediaType, manifests: [] });
      await refuses(
        layout(index(describing(both, mediaType)), blob(both), blob(config)),
        /is both an index and a manifest/,
      );
    }
    await refuses(layout({ ...index(), layers: [] }), /is both an index and a manifest/);
  });

  test('another type than the one that was promised', async () => {
    const text = manifest();
    await refuses(layout(index(describing(text, INDEX)), blob(text), blob(config)), /says that it is/);
    await refuses(
      layout(index(describing(text, 'text/html')), blob(text), blob(config)),
      /says that it is|not an image/,
    );
  });

  test('digests that are none', async () => {
    const text = manifest();
    const hex = digest(text).slice(7);
    for (const wrong of [
      'sha256:../../etc/passwd',
      `sha256:${up}`,
      `sha256:${hex.toUpperCase()}`,
      `sha256:${hex}/..`,
      `sha512:${hex}`,
      `sha256:${hex}\n`,
      'sha256:',
      '',
      hex,
      5,
      null,
      [digest(text)],
      { toString: 1 },
    ]) {
      await refuses(
        layout(index({ ...describing(text, MANIFEST), digest: wrong }), blob(text), blob(config)),
        /malformed descriptor/,
      );
      const inner = manifest({ config: { ...describing(config, 'x'), digest: wrong } });
      await refuses(layout(index(describing(inner, MANIFEST)), blob(inner), blob(config)), /malformed descriptor/);
      const layers = manifest({ layers: [{ mediaType: 'x', size: 1, digest: wrong }] });
      await refuses(layout(index(describing(layers, MANIFEST)), blob(layers), blob(config)), /malformed descriptor/);
    }
  });

  test('another size or other bytes than were promised', async () => {
    const text = manifest();
    for (const size of [0, 1, -1, text.length + 1, 2 ** 53, 1e300, '5', null])
      await refuses(
        layout(index({ ...describing(text, MANIFEST), size }), blob(text), blob(config)),
        /bytes instead of|malformed descriptor/,
      );
    const other = { ...blob(text), content: `${text} ` };
    await refuses(
      layout(index({ ...describing(text, MANIFEST), size: text.length + 1 }), other, blob(config)),
      /has the digest/,
    );
    // An OCI layout with a layer that is another one, of the right digest but not the one that the configuration names.
    const { archive } = ociLayout({ layers: [[{ name: 'a', content: uniqueName() }]] }, (data, kind) =>
      kind === 'layer' ? gzipSync(tar([])) : data,
    );
    await refuses(archive, /has the digest/);
  });

  test('indexes in circles and without an end', async () => {
    let text = manifest();
    const blobs = [blob(text), blob(config)];
    let type = MANIFEST;
    for (let depth = 0; depth < 8; depth++) {
      const outer = JSON.stringify(index(describing(text, type)));
      blobs.push(blob(outer));
      [text, type] = [outer, INDEX];
    }
    await refuses(layout(index(describing(text, type)), ...blobs), /indexes within indexes/);
    await refuses(
      layout(index(...Array.from({ length: 2000 }, () => describing(config, MANIFEST))), blob(config)),
      /more than 1000/,
    );
  });

  test('ten gigabytes of manifest, deep ones, and ones that JavaScript would trip over', async () => {
    const huge = tar([{ name: 'manifest.json', content: '' }]);
    huge.write((10 * 2 ** 30).toString(8).padStart(11, '0'), 124);
    huge.write(' '.repeat(8), 148);
    const sum = huge.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    huge.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const zeros = Buffer.alloc(1 << 20);
    const load = async () => {
      const body = Readable.from(
        (function* () {
          yield huge.subarray(0, 512);
          for (let i = 0; i < 10 * 1024; i++) yield zeros;
        })(),
      ).pipe(createGzip({ level: 1 }));
      try {
        const headers = { 'content-type': 'application/x-tar' };
        return await engine.api.call('POST', '/images/load', { raw: body, headers });
      } catch (error) {
        // Node's client that cannot write any more reads no more, also where the refusal is on its way: it is asked again.
        if (!['EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        return undefined;
      } finally {
        body.destroy();
      }
    };
    const free = () => statfsSync(daemon.dataRoot).bfree;
    const before = free();
    const reply = await until('the refusal is read', load);
    assert.match(reply.text, /manifest.json is larger than/);
    assert.ok(before - free() < (512 << 20) / statfsSync(daemon.dataRoot).bsize);
    for (const text of [
      '['.repeat(1e6),
      `${'['.repeat(1e6)}${']'.repeat(1e6)}`,
      `[${'{"Config":'.repeat(1e5)}1${'}'.repeat(1e5)}]`,
    ])
      await refuses(tar([{ name: 'manifest.json', content: text }]), /not valid JSON|not a list of images/);
    for (const text of [
      '[{"__proto__":{"Config":"x"}}]',
      '[{"Config":{"toString":"x"}}]',
      '[null]',
      '[[]]',
      '"x"',
      '5',
      '\ufeff[]',
      '[]\0',
    ])
      await refuses(tar([{ name: 'manifest.json', content: text }]), /./);
  });
});

describe('configurations that nobody would write', () => {
  const start = async (config: object): Promise<string> => {
    const { archive, id } = dockerArchive({ layers: [[{ name: 'a', content: uniqueName() }]], config });
    loader.adopt(id);
    const refusal = (await loader.attempt(archive)).find((line) => line.error)?.error;
    if (refusal !== undefined) return refusal;
    const created = await engine.api.post('/containers/create', { Image: id, HostConfig: { NetworkMode: 'none' } });
    assert.ok([201, 400].includes(created.status), created.text);
    if (created.status !== 201) return created.message;
    const container = created.json<{ Id: string }>().Id;
    engine.adopt(container);
    const started = await within('an answer', engine.api.post(`/containers/${container}/start`), 5000);
    assert.ok([204, 400, 500].includes(started.status), started.text);
    await engine.remove(container);
    host.assertUnchanged();
    return started.status === 204 ? '' : started.message;
  };

  test('are refused with a sentence, or harmless', async () => {
    for (const config of [
      { Env: ['A=\0B', 'PATH'] },
      { Env: ['=', '', '\n'] },
      { Env: 'A=B' },
      { Cmd: ['\0'] },
      { Cmd: [] },
      { Cmd: ['a'.repeat(1 << 20)] },
      { Cmd: 'sh' },
      { Entrypoint: [''] },
      { WorkingDir: 'relative' },
      { WorkingDir: `${up}etc` },
      { WorkingDir: '/\0' },
      { User: 'root\nx' },
      { User: '\0' },
      { User: 5 },
      { Volumes: { '../../etc': {}, relative: {} } },
      { Volumes: { '/': {} } },
      { Volumes: { [`/${up}${host.directory}`]: {} } },
      { Volumes: { '/a:/b:ro': {}, '/x\ny': {}, '': {} } },
      { ExposedPorts: { '99999/tcp': {}, 'x/y': {}, '': {} } },
      { StopSignal: 'SIGNOTHING' },
      { StopSignal: '; touch /x' },
      { Healthcheck: { Test: ['CMD', 'x'], Interval: -1, Retries: 1e18 } },
      { Healthcheck: { Test: 'x' } },
      { Labels: { a: 5 } },
      { Labels: ['a'] },
      { Labels: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`l${i}`, 'x'])) },
      { Shell: [5] },
      { OnBuild: ['RUN rm -rf /'] },
    ]) {
      const sentence = await start({ Cmd: ['/nothing'], ...config });
      assert.ok(sentence.length > 0, JSON.stringify(config));
      assert.doesNotMatch(
        sentence,
        /undefined|\[object|is not a function|call stack|Cannot read/,
        JSON.stringify(config).slice(0, 200),
      );
    }
  });
});

describe('sizes', () => {
  test('more entries, more layers, more zeros than anybody has', async () => {
    const entry = tar([{ name: 'a' }]).subarray(0, 512);
    const many = Buffer.concat(Array.from({ length: 30_000 }, () => entry));
    await refuses(gzipSync(Buffer.concat([many, Buffer.alloc(1024)]), { level: 1 }), /more than 20000 entries/);
    const empty = tar([]);
    const { archive } = dockerArchive({ layers: Array.from({ length: 600 }, () => empty) });
    await refuses(archive, /more than 500 layers/);
    // A layer of 200 MiB of zeros in some kilobytes: they are holes on the disk.
    const zeros = gzipSync(tar([{ name: 'zeros', content: Buffer.alloc(200 << 20) }]), { level: 1 });
    const free = () => statfsSync(daemon.dataRoot).bfree * statfsSync(daemon.dataRoot).bsize;
    const before = free();
    await loader.attempt(dockerArchive({ tag: 'bomb:1', layers: [zeros] }).archive);
    loader.adopt('bomb:1');
    assert.ok(before - free() < 100 << 20);
    host.assertUnchanged();
  });
});

test('nothing of the engine’s disk has left its place', () => {
  assert.ok(!existsSync('/made') && !existsSync('/escaped'));
  assert.deepEqual(readdirSync(join(daemon.dataRoot, 'ingest')), []);
  assert.equal(readFileSync(join(host.directory, 'secret'), 'utf8'), host.secret);
});
