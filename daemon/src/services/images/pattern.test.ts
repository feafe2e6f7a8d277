import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matcher } from './pattern.js';

const cases: [string, string, boolean][] = [
  ['busybox', 'busybox', true],
  ['busybox', 'busybox:latest', false],
  ['busy*', 'busybox:latest', true],
  ['*', 'a/b', false],
  ['*/*', 'a/b', true],
  ['a**b', 'axxb', true],
  ['?usybox', 'busybox', true],
  ['?', '/', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[a\\]]', ']', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a.c', 'abc', false],
  ['a|b', 'a', false],
  ['(a)', '(a)', true],
];

test('patterns are those of path.Match', () => {
  for (const [pattern, text, expected] of cases) assert.equal(matcher(pattern)(text), expected, `${pattern} ${text}`);
});

test('a pattern that is none is refused', () => {
  for (const pattern of ['[', '[a', '[]', '[]a]', '[-a]', 'a\\', '[a-', '[^]', '[a\\']) {
    assert.throws(() => matcher(pattern), { kind: 'invalid', message: 'syntax error in pattern' }, pattern);
  }
});

test('a pattern costs no more than its length', () => {
  assert.equal(matcher(`${'*a'.repeat(30)}b`)('a'.repeat(200)), false);
});
