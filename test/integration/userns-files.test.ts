import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { build } from '../helpers/build.js';
import { uniqueName } from '../helpers/engine.js';
import { copyIn, copyOut, launchAfter } from '../helpers/files.js';
import { tar } from '../helpers/tar.js';
import { untar } from '../helpers/untar.js';
import { GROUPS, ownerOf, REMAP, sharedDirectory, usernsEngine } from '../helpers/userns.js';

/* Files of containers in a user namespace: in volumes, in directories of the host, in images and archives. */

const { engine, sh } = await usernsEngine();
const shared = sharedDirectory();

describe('files with --userns-remap', () => {
  test('volumes have the container’s ids on disk, whatever the mapping; they are filled so', async () => {
    const name = uniqueName('v');
    const config = (UsernsMode: string) => ({ HostConfig: { UsernsMode, Binds: [`${name}:/var/spool`] } });
    await sh('touch /var/spool/f; chown 33:44 /var/spool/f', config(''));
    const data = join(engine.daemon!.dataRoot, 'volumes', name, '_data');
    assert.deepEqual(ownerOf(join(data, 'f')), [33, 44]);
    for (const mode of ['', 'auto', 'host'])
      assert.equal(await sh('stat -c %u:%g /var/spool/f /var/spool', config(mode)), '33:44\n0:0\n');
    await ok(engine.api.delete(`/volumes/${name}`), 204);
  });

  test('a directory of the host has the host’s ids', async () => {
    const dir = join(shared, 'bind');
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    writeFileSync(join(dir, 'roots'), 'secret');
    chmodSync(join(dir, 'roots'), 0o600);
    assert.equal(
      await sh('touch /b/new; stat -c %u /b/new /b/roots; cat /b/roots 2>&1 | grep -c denied', {
        HostConfig: { Binds: [`${dir}:/b`] },
      }),
      '0\n65534\n1\n',
    );
    assert.deepEqual(ownerOf(join(dir, 'new')), [REMAP, GROUPS]);
  });

  test('what is copied there from outside belongs to the container’s ids, whether it runs or not', async () => {
    const dir = join(shared, 'copied');
    mkdirSync(dir);
    chownSync(dir, REMAP, GROUPS);
    writeFileSync(join(dir, 'roots'), 'secret');
    chownSync(join(dir, 'roots'), REMAP, GROUPS);
    writeFileSync(join(dir, 'hosts'), 'of the host');
    for (const name of ['roots', 'hosts']) chmodSync(join(dir, name), 0o600);
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Binds: [`${dir}:/b`] } });
    const look = async (name: string) => {
      await ok(copyIn(engine, id, '/b', tar([{ name, content: 'x' }])), 200);
      assert.deepEqual(ownerOf(join(dir, name)), [REMAP, GROUPS]);
      const [file] = await copyOut(engine, id, `/b/${name}`);
      assert.deepEqual([file!.uid, file!.gid], [0, 0]);
      // The host's own user of that number may read it, and so may root of the container.
      const [own] = await copyOut(engine, id, '/b/roots');
      assert.equal(own!.content.toString(), 'secret');
      const closed = await engine.api.get(`/containers/${id}/archive`, { path: '/b/hosts' });
      assert.ok(!closed.text.includes('of the host'), closed.text);
    };
    await look('running');
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    await look('stopped');
    await engine.remove(id);
  });

  test('with "idmap" the container’s user has what the owner of the directory has', async () => {
    const dir = join(shared, 'idmap');
    mkdirSync(dir);
    chownSync(dir, 1234, 1235);
    writeFileSync(join(dir, 'f'), 'mine');
    chownSync(join(dir, 'f'), 1234, 1235);
    chmodSync(join(dir, 'f'), 0o600);
    const config = { User: '33:34', HostConfig: { Binds: [`${dir}:/b:idmap`] } };
    assert.equal(await sh('cat /b/f; stat -c %u:%g /b/f; touch /b/new', config), 'mine33:34\n');
    assert.deepEqual(ownerOf(join(dir, 'new')), [1234, 1235]);
  });

  test('with "idmap=container" a directory of the host has the container’s ids, as a volume has', async () => {
    const dir = join(shared, 'own');
    mkdirSync(dir);
    chownSync(dir, 33, 33);
    const script = 'stat -c %u:%g /b; echo x >/b/f; chown 44:55 /b/f; stat -c %u:%g /b/f';
    const config = { HostConfig: { Binds: [`${dir}:/b:idmap=container`] } };
    assert.equal(await sh(script, config), '33:33\n44:55\n');
    assert.deepEqual(ownerOf(join(dir, 'f')), [44, 55]);
  });

  test('builds run in it too: layers, caches, secrets and contexts have the container’s ids', async () => {
    const dockerfile = `FROM busybox
RUN cat /proc/self/uid_map >/map; touch /f; chown 33:44 /f
RUN --mount=type=cache,target=/cache --mount=type=bind,target=/ctx echo x >/cache/f && stat -c %u:%g /cache/f /ctx/a >/seen
COPY a /copied
`;
    const { id, error, text } = await build(engine.api, dockerfile, { a: 'content' });
    assert.equal(error, undefined, text);
    const said = await sh('cat /seen; stat -c %u:%g /f /copied; cat /map', { Image: id });
    assert.match(said, new RegExp(`^0:0\\n0:0\\n33:44\\n0:0\\n\\s+0\\s+${REMAP}\\s`));
    await ok(engine.api.delete(`/images/${id}`, { force: true }), 200);
  });

  test('an image can be mounted', async () => {
    const Mounts = [{ Type: 'image', Source: engine.image, Target: '/img', ImageOptions: { Subpath: 'etc' } }];
    assert.equal(await sh('stat -c %u:%g /img /img/passwd', { HostConfig: { Mounts } }), '0:0\n0:0\n');
  });

  test('cp, export, commit and diff speak of the container’s ids, also when it does not run', async () => {
    const id = await launchAfter(engine, 'mkdir /d; touch /d/f; chown 33:44 /d/f');
    const look = async () => {
      const [, file] = await copyOut(engine, id, '/d');
      assert.deepEqual([file!.name, file!.uid, file!.gid], ['d/f', 33, 44]);
      const root = untar((await engine.api.get(`/containers/${id}/export`)).body);
      const exported = root.find(({ name }) => name === 'd/f')!;
      assert.deepEqual([exported.uid, exported.gid], [33, 44]);
    };
    await ok(copyIn(engine, id, '/d', tar([{ name: 'in', content: 'x' }])), 200);
    assert.equal((await engine.exec(id, ['stat', '-c', '%u:%g', '/d/in'])).stdout, '0:0\n');
    await look();
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    await look();
    await ok(copyIn(engine, id, '/d', tar([{ name: 'later', content: 'x' }])), 200);
    const changes = await ok<{ Path: string }[]>(engine.api.get(`/containers/${id}/changes`), 200);
    assert.deepEqual(changes.map(({ Path }) => Path).sort(), ['/d', '/d/f', '/d/in', '/d/later']);
    const repo = uniqueName('img');
    const { Id } = await ok<{ Id: string }>(engine.api.post('/commit', {}, { container: id, repo }), 201);
    assert.equal(await sh('stat -c %u:%g /d/f /d/in /d/later', { Image: Id }), '33:44\n0:0\n0:0\n');
    assert.equal(await sh('stat -c %u:%g /d/f', { Image: Id, HostConfig: { UsernsMode: 'auto' } }), '33:44\n');
    await ok(engine.api.delete(`/images/${repo}`), 200);
    await engine.start(id);
    assert.equal((await engine.exec(id, ['stat', '-c', '%u:%g', '/d/f', '/d/later'])).stdout, '33:44\n0:0\n');
    await engine.remove(id);
  });
});
