import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedTest } from './pattern.js';

test('a pattern finds what it says', () => {
  const find = boundedTest(/^a.c$/);
  assert.deepEqual(['abc', 'abd', ''].map(find), [true, false, false]);
});

test('one that takes for ever is ended, and not begun again', () => {
  const find = boundedTest(/^(a+)+$/);
  assert.equal(find('aaa'), true);
  for (let i = 0; i < 1000; i++) assert.throws(() => find(`${'a'.repeat(60)}!`), /takes too long/);
});
