import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ok } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { busyboxTar } from '../helpers/paths.js';
import { openWithRegistry } from '../helpers/registry.js';
import { dockerArchive, tar } from '../helpers/tar.js';
import { pulled } from '../helpers/transfer.js';

const { engine, registry, images } = await openWithRegistry();

const sh = { name: 'bin/sh', content: readFileSync('/bin/busybox'), mode: 0o755 };

test('an image of 127 layers, which is as many as docker takes, runs', async () => {
  const tag = `${uniqueName('deep')}:1`;
  const layers = [
    tar([sh]),
    ...Array.from({ length: 126 }, (_, i) =>
      tar([{ name: `f${i}`, content: String(i) }, ...(i > 0 ? [{ name: `.wh.f${i - 1}` }] : [])]),
    ),
  ];
  await images.load(dockerArchive({ tag, layers }).archive, tag);
  const { stdout } = await engine.run(['sh', '-c', 'echo f*; read x < f125; echo $x'], { Image: tag });
  assert.equal(stdout, 'f125\n125\n');
});

test('a layer that two images have is there once, and goes with the last of them', async () => {
  const [one, two] = [`${uniqueName('one')}:1`, `${uniqueName('two')}:1`];
  const shared = tar([{ name: 'shared', content: uniqueName('x').repeat(10_000) }]);
  await images.load(dockerArchive({ tag: one, layers: [shared, tar([{ name: 'a', content: one }])] }).archive, one);
  await images.load(dockerArchive({ tag: two, layers: [shared, tar([{ name: 'a', content: two }])] }).archive, two);
  const upper = async (name: string) => {
    const { GraphDriver } = await ok<{ GraphDriver: { Data: { LowerDir: string } } }>(
      engine.api.get(`/images/${name}/json`),
    );
    return GraphDriver.Data.LowerDir;
  };
  assert.equal(await upper(one), await upper(two));
  const list = await ok<{ RepoTags: string[]; Size: number; SharedSize: number }[]>(
    engine.api.get('/images/json', { 'shared-size': 1 }),
  );
  for (const name of [one, two]) {
    const image = list.find(({ RepoTags }) => RepoTags.includes(name))!;
    assert.equal(image.Size - image.SharedSize, name.length);
  }
  await ok(engine.api.delete(`/images/${one}`));
  assert.ok(await upper(two));
});

test('a container keeps what it stands on when its image is pulled anew and removed', async () => {
  const repository = uniqueName('moving');
  const name = `${registry.host}/${repository}:1`;
  const push = (word: string) =>
    registry.push(repository, '1', { layers: [tar([sh]), tar([{ name: 'word', content: `${word}\n` }])] });
  const first = await push('first');
  await pulled(engine.api, name);
  const id = await engine.create({ Image: name, Cmd: ['sh', '-c', 'read x < word; echo $x'] });
  const second = await push('second');
  await pulled(engine.api, name);
  const dangling = await ok<{ Id: string; RepoTags: string[]; RepoDigests: string[] }[]>(
    engine.api.get('/images/json', { filters: JSON.stringify({ dangling: ['true'] }) }),
  );
  const old = dangling.find(({ Id }) => Id === first.config)!;
  assert.deepEqual([old.RepoTags, old.RepoDigests], [[], [`${registry.host}/${repository}@${first.manifest}`]]);
  await ok(engine.api.delete(`/images/${first.config}`, { force: true }));
  await engine.start(id);
  assert.equal(await engine.wait(id), 0);
  assert.equal((await engine.logs(id)).stdout, 'first\n');
  await engine.remove(id);
  await ok(engine.api.delete(`/images/${second.config}`, { force: true }));
});

test('the shipped archive is what it was: the same image each time', async () => {
  const { Id } = await ok<{ Id: string }>(engine.api.get('/images/busybox/json'));
  await images.attempt(readFileSync(busyboxTar()));
  assert.equal((await ok<{ Id: string }>(engine.api.get('/images/busybox/json'))).Id, Id);
});
