import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive } from '../helpers/tar.js';

/* Volumes belong to whoever can write to them: what is put there may lead nowhere else. */

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
const host = join(engine.daemon!.home, 'host');
mkdirSync(host);
writeFileSync(join(host, 'secret'), 'secret\n');
after(async () => {
  await images.removeAll();
  await engine.close();
});

test('a mount point in a shared volume that is exchanged for a link (CVE-2021-30465, CVE-2024-45310)', async () => {
  const Binds = ['raced:/v'];
  const script = `cd /v; mkdir -p d; ln -sfn ${host} l; while :; do mv d t; mv l d; mv t l; mv d t; mv l d; mv t l; done`;
  const racer = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { Binds } });
  for (let round = 0; round < 25; round++) {
    const HostConfig = { Binds: [...Binds, `inner:/v/d/made-${round}`] };
    const id = await engine.create({ Cmd: ['true'], HostConfig });
    await engine.api.post(`/containers/${id}/start`); // it may fail: what counts is where nothing is made
    await engine.remove(id);
  }
  await engine.remove(racer);
  assert.deepEqual(readdirSync(host), ['secret']);
});

test('a subpath that is a link out of the volume, of a container that runs and of one that does not (CVE-2017-1002101)', async () => {
  await engine.run(['sh', '-c', `ln -s ${host} /v/out; mkdir /v/in`], { HostConfig: { Binds: ['linked:/v'] } });
  const mount = { Type: 'volume', Source: 'linked', Target: '/m', VolumeOptions: { Subpath: 'out' } };
  const id = await engine.create({ Cmd: ['cat', '/m/secret'], HostConfig: { Mounts: [mount] } });
  assert.equal((await engine.api.post(`/containers/${id}/start`)).status, 400);
  const copied = await engine.api.get(`/containers/${id}/archive`, { path: '/m/secret' });
  assert.equal(copied.status, 404, copied.text);
  await engine.remove(id);
});

test('an image whose links and whiteouts lead out when a volume is filled from it', async () => {
  const tag = `${uniqueName('i')}:1`;
  const up = '../'.repeat(20);
  const layers = [
    [
      { name: 'data', type: '2', link: `${up}${host.slice(1)}` },
      { name: 'dir/link', type: '2', link: host },
      { name: 'dir/proc', type: '2', link: '/proc/1/root' },
    ],
  ];
  await images.load(dockerArchive({ tag, layers }).archive, tag);
  const HostConfig = { Binds: ['one:/data', 'two:/dir', 'three:/dir/link', 'four:/dir/proc'] };
  const id = await engine.create({ Image: tag, Cmd: ['x'], HostConfig });
  const volumes = join(engine.daemon!.dataRoot, 'volumes');
  for (const name of ['one', 'three', 'four']) assert.deepEqual(readdirSync(join(volumes, name, '_data')), [], name);
  assert.deepEqual(readdirSync(join(volumes, 'two', '_data')).sort(), ['link', 'proc']);
  await engine.remove(id);
  assert.equal(readFileSync(join(host, 'secret'), 'utf8'), 'secret\n');
});

test('names that would be paths', async () => {
  for (const name of ['../x', 'a/../../x', '..', '/etc', 'a\u0000b', '%2e%2e', 'a\nb']) {
    const reply = await engine.api.post('/volumes/create', { Name: name });
    assert.equal(reply.status, 400, name);
    const removed = await engine.api.delete(`/volumes/${encodeURIComponent(name)}`);
    assert.ok([400, 404].includes(removed.status), name);
  }
  assert.ok(existsSync(join(engine.daemon!.dataRoot, 'volumes')));
  assert.ok(existsSync('/etc/passwd'));
});
