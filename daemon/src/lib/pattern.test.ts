import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedReplace, boundedTest } from './pattern.js';

test('a pattern finds what it says', () => {
  const find = boundedTest(/^a.c$/);
  assert.deepEqual(['abc', 'abd', ''].map(find), [true, false, false]);
});

test('one that takes for ever is ended, and not begun again', () => {
  const find = boundedTest(/^(a+)+$/);
  assert.equal(find('aaa'), true);
  for (let i = 0; i < 1000; i++) assert.throws(() => find(`${'a'.repeat(60)}!`), /takes too long/);
});

test('what matches is replaced, once or everywhere, and without an end it is refused', () => {
  assert.equal(boundedReplace('abcabc', /b/, '$&'), 'a$&cabc');
  assert.equal(boundedReplace('abcabc', /b/g, ''), 'acac');
  assert.equal(boundedReplace('aa', /x*/g, '-'), '-a-a-');
  assert.equal(boundedReplace('aaa', /^a*?/, 'x'), 'xaaa');
  assert.throws(() => boundedReplace('a'.repeat(3000), /.*a.*a.*a.*a.*a.*b/, ''), { kind: 'invalid' });
});
