import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LayerStore } from './layers.js';
import { makeScratch } from './test-archives.js';

/* What a store of layers keeps and what it takes away. */

const scratch = makeScratch();
const store = new LayerStore(scratch);

before(() => {
  store.restore(new Set());
});
after(async () => {
  await store.emptied();
  scratch.remove();
});

test('a directory of any depth is removed', async () => {
  const top = join(scratch.root, 'nested');
  // Deeper than a path can name: the shell goes down by itself.
  execFileSync('sh', [
    '-c',
    `mkdir "$0" && cd "$0" && for i in $(seq 600); do mkdir aaaaaaaaaa && cd -P aaaaaaaaaa; done; : >file`,
    top,
  ]);
  store.discard(top);
  await store.emptied();
  assert.ok(!existsSync(top));
});

test('held layers are counted', () => {
  const release = [store.held.hold([1, 2]), store.held.hold([2])];
  const both = () => [1, 2].map((id) => store.held.has(id));
  assert.deepEqual(both(), [true, true]);
  release[0]!();
  assert.deepEqual(both(), [false, true]);
  release[1]!();
  assert.equal(store.held.size, 0);
});

test('after a crash: what is half-made goes, what is missing is told', async () => {
  for (const [dir, name] of [
    [scratch.layers, '1'],
    [scratch.layers, '7'],
    [scratch.ingest, 'layer-x'],
    [scratch.trash, 'old'],
  ] as const) {
    mkdirSync(join(dir, name, 'sub'), { recursive: true });
  }
  assert.deepEqual(store.restore(new Set([1, 2])), [2]);
  assert.deepEqual(readdirSync(scratch.layers), ['1']);
  assert.deepEqual(readdirSync(scratch.ingest), []);
  await store.emptied();
  assert.deepEqual(readdirSync(scratch.trash), []);
});
