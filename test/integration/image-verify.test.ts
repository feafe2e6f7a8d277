import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { digest, dockerArchive, tar } from '../helpers/tar.js';

let engine: Engine;
let images: ImageLoader;
before(async () => {
  engine = await Engine.open();
  images = new ImageLoader(engine.api);
});
after(async () => {
  await images?.removeAll();
  await engine?.close();
});

interface Line {
  kind: string;
  id: string;
  path?: string;
  images: string[];
  problems: string[];
}

async function verify(...names: string[]): Promise<Line[]> {
  const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
  const reply = await engine.api.post(`/images/verify?${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}
const broken = (lines: Line[]) => lines.filter(({ problems }) => problems.length > 0);

/** An image of two layers, and what it consists of. */
async function image(): Promise<{ name: string; blobs: string[]; layers: string[] }> {
  const name = `${uniqueName('verify')}:1`;
  const layers = [
    tar([
      { name: 'dir', type: '5' },
      { name: 'dir/file', content: name },
      { name: 'link', type: '2', link: 'dir/file' },
      { name: 'again', type: '1', link: 'dir/file' },
    ]),
    tar([{ name: '.wh.gone' }, { name: 'top', content: 'top' }]),
  ];
  await images.load(dockerArchive({ tag: name, layers }).archive, name);
  const lines = await verify(name);
  assert.deepEqual(broken(lines), []);
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['document', 'blob', 'blob', 'layer', 'layer'],
  );
  const root = engine.daemon!.dataRoot;
  return {
    name,
    blobs: layers.map((layer) => `${root}/blobs/sha256/${digest(layer).slice(7)}`),
    layers: lines.flatMap(({ path }) => path ?? []),
  };
}

test('what is as it should be, all of it', async () => {
  await image();
  assert.deepEqual(broken(await verify()), []);
  await refused(engine.api.post('/images/verify?names=nonesuch'), 404, 'No such image: nonesuch:latest');
});

test('files of a layer that were changed, added, taken away', async () => {
  const { name, layers } = await image();
  const [below, top] = layers as [string, string];
  appendFileSync(`${below}/dir/file`, 'x');
  writeFileSync(`${below}/dir/new`, '');
  rmSync(`${below}/link`);
  chmodSync(`${top}/top`, 0o600);
  rmSync(`${top}/gone`);
  const found = broken(await verify(name));
  assert.deepEqual(
    found.map(({ kind, path, images: users }) => [kind, path, users]),
    [
      ['layer', below, [name]],
      ['layer', top, [name]],
    ],
  );
  assert.deepEqual(found[0]!.problems.sort(), [
    '"again" has another size',
    '"dir/file" has another size',
    '"dir/new" is not of the layer',
    '"link" is missing',
  ]);
  assert.deepEqual(found[1]!.problems, ['"gone" is missing', '"top" has another mode']);
});

test('blobs that were damaged or are missing', async () => {
  const { name, blobs } = await image();
  const [first, second] = blobs as [string, string];
  const content = readFileSync(first);
  content[600] = content[600]! ^ 1;
  writeFileSync(first, content);
  rmSync(second);
  const found = broken(await verify(name));
  assert.deepEqual(
    found.slice(0, 2).map(({ kind, problems }) => [kind, problems]),
    [
      ['blob', [`has the digest ${digest(content)}`]],
      ['blob', ['is missing']],
    ],
  );
  assert.equal(found.length, 4);
  await ok(engine.api.delete(`/images/${name}`, { force: true }));
});
