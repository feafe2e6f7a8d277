import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mayFill } from './fill.js';

const layer = mkdtempSync(join(tmpdir(), 'td-fill-'));
after(() => rmSync(layer, { recursive: true }));
mkdirSync(join(layer, 'a', 'b'), { recursive: true });
writeFileSync(join(layer, 'file'), '');
symlinkSync('a', join(layer, 'link'));
symlinkSync('/nowhere', join(layer, 'a', 'out'));

test('what may be in a layer: all that is there, and all behind a link', () => {
  for (const path of ['/a', '/a/b', '/link', '/link/x', '/a/out/x', '/file']) assert.ok(mayFill([layer], path), path);
  for (const path of ['/x', '/a/x', '/a/b/c', '/ab']) assert.ok(!mayFill([layer], path), path);
  assert.ok(!mayFill([], '/a'));
});
