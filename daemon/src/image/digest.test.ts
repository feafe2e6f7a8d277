import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainIds, isDigest, sha256 } from './digest.js';

test('a chain id takes in all layers below', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(sha256) as [string, string, string];
  const ab = sha256(`${a} ${b}`);
  assert.deepEqual(chainIds([a, b, c]), [a, ab, sha256(`${ab} ${c}`)]);
  assert.deepEqual(chainIds([]), []);
});

test('only a whole digest is one', () => {
  assert.ok(isDigest(sha256('')));
  for (const text of ['', 'sha256:', 'sha256:../../x', `${sha256('')}0`, sha256('').toUpperCase(), 7, null]) {
    assert.ok(!isDigest(text), String(text));
  }
});
