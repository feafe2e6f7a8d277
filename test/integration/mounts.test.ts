import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive } from '../helpers/tar.js';

/* Kinds of mounts other than whole volumes. Of our own daemon: the reference sees another host's files. */

const engine = await Engine.open();
const home = engine.daemon!.home;
const images = new ImageLoader(engine.api);
after(async () => {
  await images.removeAll();
  await engine.api.delete('/volumes/parts');
  await engine.close();
});

const directory = (...path: string[]): string => {
  const made = join(home, uniqueName('d'), ...path);
  mkdirSync(made, { recursive: true });
  return made;
};
const run = (script: string, HostConfig: object, more: object = {}) =>
  engine.run(['sh', '-c', script], { HostConfig: { ...HostConfig }, ...more });
const sh = async (script: string, HostConfig: object, more: object = {}) => {
  const { stdout, stderr, exitCode } = await run(script, HostConfig, more);
  assert.equal(exitCode, 0, stderr);
  return stdout;
};
/** Why a container with these mounts does not start. */
async function fails(HostConfig: object, status: number, sentence: RegExp): Promise<void> {
  const id = await engine.create({ Cmd: ['true'], HostConfig: { ...HostConfig } });
  await refused(engine.api.post(`/containers/${id}/start`), status, sentence);
  await engine.remove(id);
}

describe('a part of a volume', () => {
  const part = (Subpath: string) => ({
    Mounts: [{ Type: 'volume', Source: 'parts', Target: '/p', VolumeOptions: { Subpath } }],
  });

  test('a directory or a file, through links that stay inside', async () => {
    await sh('mkdir -p /v/a/b; echo hi > /v/a/b/f; ln -s a/b /v/in; ln -s /etc /v/out; ln -s ../../.. /v/up', {
      Binds: ['parts:/v'],
    });
    assert.equal(await sh('ls /p', part('a/b')), 'f\n');
    assert.equal(await sh('cat /p', part('a/b/f')), 'hi\n');
    assert.equal(await sh('ls /p', part('in')), 'f\n');
    await sh('echo new > /p/g', part('a'));
    assert.equal(await sh('cat /v/a/g', { Binds: ['parts:/v'] }), 'new\n');
  });

  test('nothing outside, whatever the volume holds', async () => {
    await fails(part('out'), 400, /subpath "out": no such file or directory/);
    await fails(part('nothing'), 400, /subpath "nothing": no such file or directory/);
    // "/" of a volume is the volume's own.
    assert.match(await sh('ls /p', part('up')), /^a\nin\nout\nup\n$/);
    const body = { Image: engine.image, HostConfig: part('../x') };
    await refused(
      engine.api.post('/containers/create', body),
      400,
      /subpath must be a relative path within the volume/,
    );
  });

  test('while another container exchanges directories for links', async () => {
    const Binds = ['parts:/v'];
    const script =
      'cd /v; mkdir -p r1/d; ln -sfn / r2; while :; do mv r1 t; mv r2 r1; mv t r2; mv r1 t; mv r2 r1; mv t r2; done';
    const racer = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { Binds } });
    for (let round = 0; round < 20; round++) {
      const id = await engine.create({ Cmd: ['ls', '/p'], HostConfig: part('r1') });
      const reply = await engine.api.post(`/containers/${id}/start`);
      if (reply.status === 204) {
        await engine.wait(id);
        const { stdout } = await engine.logs(id);
        assert.ok(!/^(proc|sbin|home)$/m.test(stdout), stdout);
      } else assert.match(reply.message, /subpath/);
      await engine.remove(id);
    }
    await engine.remove(racer);
  });
});

describe('an image', () => {
  test('is seen whole or in part, and cannot be written', async () => {
    const tag = `${uniqueName('i')}:1`;
    const layers = [
      [
        { name: 'dir/low', content: 'low\n' },
        { name: 'dir/gone', content: '' },
      ],
      [
        { name: 'dir/high', content: 'high\n' },
        { name: 'dir/.wh.gone', content: '' },
        { name: 'out', type: '2', link: '/etc' },
      ],
    ];
    const { archive, id } = dockerArchive({ tag, layers });
    await images.load(archive, tag);
    const mount = (Subpath?: string) => ({
      Mounts: [{ Type: 'image', Source: tag, Target: '/i', ImageOptions: Subpath ? { Subpath } : undefined }],
    });
    assert.equal(await sh('ls /i/dir; cat /i/dir/low', mount()), 'high\nlow\nlow\n');
    assert.equal(await sh('ls /i', mount('dir')), 'high\nlow\n');
    assert.equal(await sh('cat /i', mount('dir/high')), 'high\n');
    assert.equal((await run('touch /i/x', mount())).exitCode, 1);
    await fails(mount('out'), 400, /subpath "out": no such file or directory/);
    // Its layers stay as long as a container has it mounted.
    const container = await engine.create({ Cmd: ['cat', '/i/dir/low'], HostConfig: mount() });
    await ok(engine.api.delete(`/images/${id}`, { force: true }), 200);
    await engine.start(container);
    assert.equal(await engine.wait(container), 0);
    await engine.remove(container);
    const body = { Image: engine.image, HostConfig: mount() };
    await refused(engine.api.post('/containers/create', body), 404, `No such image: ${tag}`);
  });

  test('of a single layer, with what it hides', async () => {
    const tag = `${uniqueName('i')}:1`;
    await images.load(dockerArchive({ tag, layers: [[{ name: 'f', content: '1' }]] }).archive, tag);
    assert.equal(await sh('ls /i', { Mounts: [{ Type: 'image', Source: tag, Target: '/i' }] }), 'f\n');
  });
});

describe('idmap', () => {
  const owned = () => {
    const dir = directory();
    writeFileSync(join(dir, 'theirs'), '');
    for (const path of [dir, join(dir, 'theirs')]) chownSync(path, 1234, 2345);
    writeFileSync(join(dir, 'roots'), '');
    return dir;
  };
  const owner = (path: string) => `${statSync(path).uid}:${statSync(path).gid}`;
  const look = 'stat -c "%u:%g" /d /d/theirs; touch /d/new; mkdir /d/newer';

  test('alone: whoever runs in the container has what the source’s owner has', async () => {
    for (const [User, expected] of [
      ['', '0:0'],
      ['7:8', '7:8'],
      ['www-data', '33:33'],
      ['1234:2345', '1234:2345'],
    ] as const) {
      const dir = owned();
      assert.equal(await sh(look, { Binds: [`${dir}:/d:idmap`] }, { User }), `${expected}\n${expected}\n`, User);
      for (const name of ['new', 'newer', 'theirs']) assert.equal(owner(join(dir, name)), '1234:2345', name);
    }
  });

  test('nobody else becomes another: root’s files are nobody’s, or root’s', async () => {
    const dir = owned();
    assert.equal(await sh('stat -c "%u" /d/roots', { Binds: [`${dir}:/d:idmap`] }), '65534\n');
    assert.equal((await run('echo x > /d/roots', { Binds: [`${dir}:/d:idmap`] })).exitCode, 1);
    assert.equal(await sh('stat -c "%u" /d/roots', { Binds: [`${dir}:/d:idmap`] }, { User: '7:8' }), '0\n');
  });

  test('with a map of its own, read-only, and by --mount', async () => {
    const dir = owned();
    const map = 'uids=1234-50-1;gids=2345-60-1';
    assert.equal(await sh('stat -c "%u:%g" /d/theirs', { Binds: [`${dir}:/d:ro,idmap=${map}`] }), '50:60\n');
    const mount = { Type: 'bind', Source: dir, Target: '/d', BindOptions: { IDMap: map } };
    await sh('touch /d/by50', { Mounts: [mount] }, { User: '50:60' });
    assert.equal(owner(join(dir, 'by50')), '1234:2345');
    // An id that is in no map can make nothing.
    assert.equal((await run('touch /d/x', { Mounts: [mount] }, { User: '51:60' })).exitCode, 1);
  });

  test('a file, and what is mounted below', async () => {
    const dir = owned();
    assert.equal(await sh('stat -c "%u:%g" /f', { Binds: [`${dir}/theirs:/f:idmap`] }), '0:0\n');
  });

  test('what cannot be', async () => {
    await fails(
      { Binds: ['/proc:/d:idmap'] },
      500,
      /mount "\/proc" on "\/d": "idmap": the file system does not support it/,
    );
    const post = (bind: string) =>
      engine.api.post('/containers/create', { Image: engine.image, HostConfig: { Binds: [bind] } });
    await refused(post('/tmp:/d:idmap=odd'), 400, /^invalid idmap "odd"/);
    await refused(post('parts:/d:idmap'), 400, /"idmap" is for directories of the host$/);
  });
});

describe('binds', () => {
  test('shared and slave only where the host’s mount is', async () => {
    const dir = directory();
    await fails({ Binds: [`${dir}:/d:rshared`] }, 400, /path .* is mounted on .* but it is not a shared mount$/);
    await fails({ Binds: [`${dir}:/d:slave`] }, 400, /path .* is mounted on .* but it is not a shared or slave mount$/);
  });

  test('CreateMountpoint makes the source, and only it', async () => {
    const dir = directory();
    const mount = (name: string, CreateMountpoint?: boolean) => ({
      Mounts: [{ Type: 'bind', Source: join(dir, name), Target: '/d', BindOptions: { CreateMountpoint } }],
    });
    await sh('touch /d/f', mount('new', true));
    assert.deepEqual(readdirSync(join(dir, 'new')), ['f']);
    const body = { Image: engine.image, HostConfig: mount('other') };
    await refused(engine.api.post('/containers/create', body), 400, /bind source path does not exist: .*\/other$/);
    assert.ok(!existsSync(join(dir, 'other')));
  });

  test('read-only goes for what is mounted below, unless it is not to', async () => {
    // The host has a file system of its own below /dev.
    const writable = async (BindOptions: object) => {
      const mount = { Type: 'bind', Source: '/dev', Target: '/s', ReadOnly: true, BindOptions };
      return (await run('touch /s/shm/tdt-x 2>/dev/null && rm /s/shm/tdt-x', { Mounts: [mount] })).exitCode === 0;
    };
    assert.equal(await writable({}), false);
    assert.equal(await writable({ ReadOnlyForceRecursive: true }), false);
    assert.equal(await writable({ ReadOnlyNonRecursive: true }), statSync('/dev').dev !== statSync('/dev/shm').dev);
  });

  test('mount points over links of the image stay inside', async () => {
    const tag = `${uniqueName('i')}:1`;
    const target = directory();
    symlinkSync('/', join(target, 'link'));
    const layers = [[{ name: 'out', type: '2', link: `../../../..${target}` }]];
    await images.load(dockerArchive({ tag, layers }).archive, tag);
    const id = await engine.create({
      Image: tag,
      Cmd: ['nothing'],
      HostConfig: { Binds: [`${directory()}:/out/made`] },
    });
    await engine.api.post(`/containers/${id}/start`);
    assert.deepEqual(readdirSync(target), ['link']);
    await engine.remove(id);
  });
});
