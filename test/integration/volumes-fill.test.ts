import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { busyboxTar } from '../helpers/paths.js';
import { dockerArchive, type TarEntry } from '../helpers/tar.js';

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
const made = new Set<string>();
after(async () => {
  await images.removeAll();
  for (const name of made) await engine.api.delete(`/volumes/${name}`, { force: true });
  await engine.close();
});

/** A name that is removed at the end. */
const named = () => {
  const name = uniqueName('v');
  made.add(name);
  return name;
};
const sh = async (script: string, config: Record<string, unknown> = {}) => {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], config);
  assert.equal(exitCode, 0, stderr);
  return stdout;
};

/** An image that can run a shell and has these files besides. */
async function imageWith(entries: TarEntry[], config: object = {}): Promise<string> {
  const tag = `${uniqueName('i')}:1`;
  const busybox = readFileSync(busyboxTar());
  const layers = [innerLayer(busybox), entries];
  await images.load(dockerArchive({ tag, layers, config }).archive, tag);
  return tag;
}

/** The layer of the archive that ships with the engine. */
function innerLayer(archive: Buffer): Buffer {
  for (let at = 0; at < archive.length; ) {
    const name = archive.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
    const content = archive.subarray(at + 512, at + 512 + size);
    if (size > 100_000 && content.toString('latin1', 257, 262) === 'ustar') return content;
    if (name === '' && size === 0) break;
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error('the archive has no plain layer');
}

describe('an empty volume gets what the image has there', () => {
  const files: TarEntry[] = [
    { name: 'data', type: '5', mode: 0o1750 },
    { name: 'data/plain', content: 'hello\n', mode: 0o4711 },
    { name: 'data/again', type: '1', link: 'data/plain' },
    { name: 'data/dir', type: '5', mode: 0o700 },
    { name: 'data/dir/link', type: '2', link: '/etc/passwd' },
    { name: 'data/fifo', type: '6' },
    { name: 'data/disk', type: '4', device: [8, 0] },
    { name: 'out', type: '2', link: '../../../../../../..' },
    { name: 'way', type: '2', link: '/data' },
  ];

  test('with modes, links and names; VOLUME of the image too; nocopy leaves it empty', async () => {
    const Image = await imageWith(files, { Volumes: { '/data': {} } });
    const look =
      'stat -c "%a %n" /data /data/plain /data/dir; cat /data/plain; readlink /data/dir/link; stat -c %h /data/plain; ls /data';
    const expected = '1750 /data\n4711 /data/plain\n700 /data/dir\nhello\n/etc/passwd\n2\nagain\ndir\nfifo\nplain\n';
    assert.equal((await sh(look, { Image })).replace('disk\n', ''), expected);
    const Name = named();
    assert.equal((await sh(look, { Image, HostConfig: { Binds: [`${Name}:/data`] } })).replace('disk\n', ''), expected);
    // It keeps what it has.
    await sh('rm -r /data/*; echo mine > /data/mine', { Image, HostConfig: { Binds: [`${Name}:/data`] } });
    assert.equal(await sh('ls /data', { Image, HostConfig: { Binds: [`${Name}:/data`] } }), 'mine\n');
    const none = named();
    assert.equal(await sh('ls /data', { Image, HostConfig: { Binds: [`${none}:/data:nocopy`] } }), '');
    const NoCopy = { Type: 'volume', Target: '/data', VolumeOptions: { NoCopy: true } };
    assert.equal(await sh('ls /data', { Image, HostConfig: { Mounts: [NoCopy] } }), '');
  });

  test('already when the container is made, and only then', async () => {
    const Image = await imageWith(files);
    const Name = named();
    const id = await engine.create({ Image, Cmd: ['true'], HostConfig: { Binds: [`${Name}:/data`] } });
    const look = { HostConfig: { VolumesFrom: [id] } };
    assert.match(await sh('ls /data', look), /plain/);
    await sh('rm -r /data/*', look);
    await engine.start(id);
    await engine.wait(id);
    assert.equal(await sh('ls /data', look), '');
  });

  test('links of the image lead nowhere else', async () => {
    const Image = await imageWith(files);
    const [out, way] = [named(), named()];
    const HostConfig = { Binds: [`${out}:/out/etc`, `${way}:/way`] };
    const listed = await sh('ls /out/etc; ls /way', { Image, HostConfig });
    assert.match(listed, /passwd/);
    assert.match(listed, /plain/);
    if (!engine.own) return;
    // The image's own files, not the host's.
    const passwd = readFileSync(
      join((await ok<{ Mountpoint: string }>(engine.api.get(`/volumes/${out}`), 200)).Mountpoint, 'passwd'),
      'utf8',
    );
    assert.notEqual(passwd, readFileSync('/etc/passwd', 'utf8'));
  });

  test('one that a running container has keeps its directory', async () => {
    const Image = await imageWith(files);
    const Name = named();
    const first = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Binds: [`${Name}:/nothing`] } });
    await engine.create({ Image, HostConfig: { Binds: [`${Name}:/data`] } });
    assert.match((await engine.exec(first, ['ls', '/nothing'])).stdout, /plain/);
  });

  test('of two that begin with one volume, one fills it', async () => {
    const Image = await imageWith(files);
    for (let round = 0; round < 5; round++) {
      const Binds = [`${named()}:/data`];
      const runs = await Promise.all([1, 2, 3].map(() => sh('ls /data', { Image, HostConfig: { Binds } })));
      for (const listed of runs) assert.match(listed, /plain/);
    }
  });
});
