import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { assertUnchanged, captureHost } from '../helpers/host-state.js';
import { dockerArchive } from '../helpers/tar.js';

const engine = await Engine.open();
const daemon = engine.daemon!;
after(() => engine.close());
await engine.run(['true']); // so that what a first start opens for good is open

/** The start is refused with such a sentence, the container stays created, the machine is as before. */
async function refusesToStart(config: Record<string, unknown>, message: RegExp): Promise<void> {
  const id = await engine.create({ Cmd: ['true'], ...config });
  const before = captureHost(daemon);
  const reply = await engine.api.post(`/containers/${id}/start`);
  assert.ok(reply.status >= 400, `it started: ${reply.status}`);
  assert.match(reply.message, message);
  const { State } = await engine.inspect(id);
  assert.deepEqual([State.Status, State.Error], ['created', reply.message]);
  await assertUnchanged(daemon, before);
}

describe('a start that cannot succeed leaves nothing', () => {
  const file = join(daemon.home, 'file');
  const directory = join(daemon.home, 'directory');
  mkdirSync(directory);
  writeFileSync(file, '');

  test('command not found', () => refusesToStart({ Cmd: ['nonesuch'] }, /exec.*nonesuch.*not found/));
  test('command not executable', () => refusesToStart({ Cmd: ['/etc'] }, /exec.*\/etc/));
  test('command that is a device', () => refusesToStart({ Cmd: ['/dev/null'] }, /exec.*\/dev\/null/));
  test('command in a format that is none', () => {
    writeFileSync(join(directory, 'program'), 'nonsense', { mode: 0o755 });
    return refusesToStart(
      { Cmd: ['/x/program'], HostConfig: { Binds: [`${directory}:/x`] } },
      /exec format error|ENOEXEC/,
    );
  });
  test('working directory is a file', () =>
    refusesToStart({ WorkingDir: '/bin/busybox' }, /working directory|chdir|cwd|\/bin\/busybox/));
  test('missing user', () => refusesToStart({ User: 'ghost' }, /ghost/));
  test('missing group', () => refusesToStart({ User: 'root:ghosts' }, /ghosts/));
  test('missing additional group', () => refusesToStart({ HostConfig: { GroupAdd: ['ghosts'] } }, /ghosts/));
  test('mount target below a file', () =>
    refusesToStart({ HostConfig: { Binds: [`${directory}:/bin/busybox/x`] } }, /\/bin\/busybox/));
  test('mounting a directory on a file', () =>
    refusesToStart({ HostConfig: { Binds: [`${directory}:/bin/busybox`] } }, /mount.*\/bin\/busybox/));
  test('mounting a file on a directory', () =>
    refusesToStart({ HostConfig: { Binds: [`${file}:/etc`] } }, /mount.*\/etc/));
  test('a sysctl with a value that is none', () =>
    refusesToStart({ HostConfig: { Sysctls: { 'kernel.shmmni': 'nonsense' } } }, /shmmni/));
  test('a bind source that cannot be made', () =>
    refusesToStart({ HostConfig: { Binds: [`${file}/below:/x`] } }, /file/));

  test('with AutoRemove it is removed', async () => {
    const id = await engine.create({ Cmd: ['nonesuch'], HostConfig: { AutoRemove: true } });
    assert.equal((await engine.api.post(`/containers/${id}/start`)).status, 400);
    assert.equal((await engine.api.get(`/containers/${id}/json`)).status, 404);
  });

  test('a source directory made for a start that fails is taken away again', async () => {
    const source = join(daemon.home, 'not', 'there', 'yet');
    await refusesToStart({ Cmd: ['nonesuch'], HostConfig: { Binds: [`${source}:/x`] } }, /nonesuch/);
    assert.equal(existsSync(join(daemon.home, 'not')), false);
  });
});

test('an image that was removed meanwhile: its container starts all the same, also after a restart', async () => {
  await ok(engine.api.post(`/images/${engine.image}/tag`, undefined, { repo: 'other', tag: 'v1' }), 201);
  const id = await engine.create({ Image: 'other:v1', Cmd: ['echo', 'still here'] });
  const { Image } = await engine.inspect(id);
  await ok(engine.api.delete(`/images/${Image}`, { force: true }));
  assert.deepEqual(await ok(engine.api.get('/images/json')), []);
  await daemon.restart();
  // An empty store loads the image that ships again; a name of ours is gone for good.
  assert.equal((await engine.api.get('/images/other:v1/json')).status, 404);
  await engine.start(id);
  assert.equal(await engine.wait(id), 0);
  assert.equal((await engine.logs(id)).stdout, 'still here\n');
});

describe('a full disk', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tdt-full-'));
  const dataRoot = join(home, 'data');
  mkdirSync(dataRoot);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=710', 'tdt-full', dataRoot]);
  process.once('exit', () => {
    try {
      execFileSync('umount', ['-l', dataRoot], { stdio: 'ignore' });
    } catch {} // the test has done it
    rmSync(home, { recursive: true, force: true });
  });
  const ballast = join(dataRoot, 'ballast');
  /** Takes all the room there is, to the last block. */
  const fill = () => {
    const { bavail, bsize } = statfsSync(dataRoot);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, (bavail - 4) * bsize)));
    for (let i = 0; ; i++) {
      try {
        writeFileSync(`${ballast}.${i}`, Buffer.alloc(4096));
      } catch {
        return;
      }
    }
  };
  const free = () => execFileSync('sh', ['-c', `rm -f '${ballast}'*`]);

  test('create, start and load are refused with the reason, nothing is left, and room makes all well', async () => {
    const small = await Engine.open({ dataRoot });
    try {
      await small.run(['true']);
      const id = await small.create({ Cmd: ['echo', 'hi'] });
      fill();
      const before = captureHost(small.daemon!);
      const created = await small.api.post('/containers/create', { Image: small.image, Cmd: ['true'] });
      const started = await small.api.post(`/containers/${id}/start`);
      const loaded = await small.api.call('POST', '/images/load', {
        raw: dockerArchive({ layers: [[{ name: 'f', content: Buffer.alloc(1 << 20, 3) }]] }).archive,
        headers: { 'content-type': 'application/x-tar' },
      });
      for (const reply of [created, started]) {
        if (reply.status >= 300) assert.match(reply.message, /no space left on device|ENOSPC|disk is full/i);
      }
      assert.ok(created.status >= 500 || started.status >= 500, 'something needs room');
      assert.match(loaded.text, /no space left on device|ENOSPC/i);
      assert.equal((await small.api.get('/_ping')).status, 200);
      if (started.status >= 300) {
        assert.equal((await small.inspect(id)).State.Status, 'created');
        if (created.status >= 300) await assertUnchanged(small.daemon!, before);
      }
      free();
      if (started.status >= 300) await small.start(id);
      assert.equal(await small.wait(id), 0);
      assert.equal((await small.run(['echo', 'fine'])).stdout, 'fine\n');
    } finally {
      free();
      await small.close();
      execFileSync('umount', ['-l', dataRoot]);
    }
  });
});
