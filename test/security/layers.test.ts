import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { uniqueName } from '../helpers/engine.js';
import { openHostile } from '../helpers/hostile-image.js';
import { dockerArchive, type TarEntry } from '../helpers/tar.js';

/* Layers whose names, links and whiteouts lead out of the directory that they are unpacked into. */

const { engine, host, loader, images } = await openHostile();
const daemon = engine.daemon!;
const up = '../'.repeat(24);

describe('layers (CVE-2026-17106, CVE-2021-41103, CVE-2025-47290, CVE-2026-23745, CVE-2024-12905, CVE-2025-48387)', () => {
  /** What an image of these layers shows at a path, or the sentence of its refusal. */
  async function shows(path: string, ...layers: TarEntry[][]): Promise<string> {
    const tag = `${uniqueName('layers')}:1`;
    loader.adopt(tag);
    const error = (await loader.attempt(dockerArchive({ tag, layers }).archive)).find((line) => line.error)?.error;
    host.assertUnchanged();
    if (error !== undefined) return error;
    const id = await engine.create({ Image: tag, Cmd: ['x'] });
    const reply = await engine.api.get(`/containers/${id}/archive`, { path });
    await engine.remove(id);
    return reply.status === 200 ? reply.body.toString('latin1') : reply.message;
  }

  test('a link, and a file through it, in one layer and in two', async () => {
    for (const link of [
      host.directory,
      `${up}${host.directory.slice(1)}`,
      '/',
      '..',
      '/proc/self/root',
      '/proc/1/cwd',
    ]) {
      const first: TarEntry = { name: 'l', type: '2', link };
      const second: TarEntry = { name: 'l/made', content: 'evil' };
      await shows('/l', [first, second]);
      await shows('/l', [first], [second]);
      await shows('/l', [{ name: 'l', type: '5' }, { name: 'l/x' }], [first, second]);
      await shows('/l', [first, { name: 'l', type: '5' }, second]);
      await shows('/l', [first], [{ name: 'l/.wh.secret' }, { name: 'l/.wh..wh..opq' }]);
    }
  });

  test('hard links: to the host, through a link, to what a lower layer or the engine has', async () => {
    for (const link of ['/etc/shadow', `${up}etc/shadow`, `${host.directory}/secret`, '../1/x', '/proc/self/environ']) {
      const sentence = await shows('/h', [
        { name: 'h', type: '1', link },
        { name: 'h', content: 'evil' },
      ]);
      assert.match(sentence, /"h"|leads out|no such file/);
    }
    for (const link of [`${host.directory}/secret`, '/etc/shadow']) {
      const content = await shows('/h', [
        { name: 's', type: '2', link },
        { name: 'h', type: '1', link: 's' },
      ]);
      assert.ok(!content.includes('secret-of-the-host') && !content.includes('root:'), content);
    }
  });

  test('names that are no names', async () => {
    for (const name of ['../x', `${up}etc/x`, 'a/../../x', '..', './../x'])
      assert.match(await shows('/', [{ name, content: 'evil' }]), /leads out of the (archive|layer)|is the root/, name);
    for (const name of ['/etc/x', '//etc//x', './././x', 'a\nb', 'a\\..\\b', '-rf', '~/x', '$(id)'])
      await shows('/', [{ name, content: 'in' }]);
  });

  test('whiteouts of everything, of nothing, of what leads out', async () => {
    for (const name of [
      '.wh..',
      '.wh...',
      '.wh.',
      'a/.wh...',
      '.wh..wh.',
      '.wh..wh..opq/x',
      `.wh.${'x'.repeat(90)}`,
      '.wh..wh.plnk/1',
      '../.wh.x',
    ]) {
      await shows('/', [{ name: 'a', type: '5' }, { name: 'a/kept' }], [{ name }]);
    }
  });

  test('a directory becomes a link, a link a directory, a file both, across layers', async () => {
    const kinds: TarEntry[] = [
      { name: 'x', type: '5' },
      { name: 'x', type: '2', link: host.directory },
      { name: 'x', content: 'file' },
      { name: 'x', type: '6' },
    ];
    for (const first of kinds)
      for (const second of kinds) await shows('/x', [first], [second, { name: 'x/made', content: 'evil' }]);
  });

  test('devices open nothing, setuid and attributes are the container’s own', async () => {
    const image = await images.make([
      { name: 'disk', type: '4', device: [8, 0], mode: 0o666 },
      { name: 'mem', type: '3', device: [1, 1], mode: 0o666 },
      { name: 'zero', type: '3', device: [1, 5], mode: 0o666 },
      { name: 'whiteout', type: '3', device: [0, 0] },
    ]);
    const { stdout, stderr } = await engine.run(['sh', '-c', 'for d in disk mem zero; do head -c 1 /$d; done'], {
      Image: image,
    });
    assert.equal(stdout, '');
    assert.equal(stderr.match(/Permission denied/g)?.length, 3, stderr);
  });

  test('eight gigabytes of holes take no room', async () => {
    const size = 8 * 2 ** 30;
    const record = (text: string) => {
      let length = text.length + 3;
      while (`${length} ${text}\n`.length !== length) length++;
      return `${length} ${text}\n`;
    };
    const pax = ['GNU.sparse.major=1', 'GNU.sparse.minor=0', 'GNU.sparse.name=hole', `GNU.sparse.realsize=${size}`]
      .map(record)
      .join('');
    const layer: TarEntry[] = [
      { name: 'PaxHeaders/hole', type: 'x', content: pax },
      {
        name: 'GNUSparseFile/hole',
        content: Buffer.concat([Buffer.from(`1\n${size}\n0\n`), Buffer.alloc(512)]).subarray(0, 512),
      },
    ];
    const free = () => statfsSync(daemon.dataRoot).bfree * statfsSync(daemon.dataRoot).bsize;
    const before = free();
    const image = await images.make(layer);
    assert.ok(before - free() < 512 << 20);
    assert.equal((await engine.run(['sh', '-c', 'ls -l /hole | grep -c 8589934592'], { Image: image })).stdout, '1\n');
  });
});
