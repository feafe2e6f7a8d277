import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { treeSize } from './tree-size.js';

const dir = mkdtempSync(join(tmpdir(), 'td-size-'));
after(() => execFileSync('rm', ['-rf', dir])); // which goes deeper than names do

test('files count once, links by the length of what they say, directories not at all', async () => {
  mkdirSync(join(dir, 'a', 'b'), { recursive: true });
  writeFileSync(join(dir, 'a', 'f'), '12345');
  linkSync(join(dir, 'a', 'f'), join(dir, 'a', 'b', 'same'));
  symlinkSync('/etc', join(dir, 'a', 'link'));
  writeFileSync(join(dir, 'a', 'b', 'sparse'), '');
  truncateSync(join(dir, 'a', 'b', 'sparse'), 1 << 30);
  assert.equal(await treeSize(join(dir, 'a')), 5 + '/etc'.length + (1 << 30));
});

test('hundreds at a time; what is not there is nothing', async () => {
  const asked = Array.from({ length: 600 }, (_, i) => (i % 2 ? join(dir, 'none') : join(dir, 'a')));
  const sizes = await Promise.all(asked.map((path) => treeSize(path)));
  assert.ok(sizes.every((size, i) => (i % 2 ? size === 0 : size > 0)));
});

test('deeper than any path leads is no error', async () => {
  const home = process.cwd();
  mkdirSync(join(dir, 'deep'));
  process.chdir(join(dir, 'deep'));
  const name = 'd'.repeat(200);
  for (let i = 0; i < 40; i++) {
    mkdirSync(name);
    process.chdir(name);
  }
  writeFileSync('f', '123');
  process.chdir(home);
  assert.equal(await treeSize(join(dir, 'deep')), 3);
});
