import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgnoreMatcher, parseIgnore } from './ignore.js';

const ignored = (text: string, paths: string[]) => {
  const matcher = new IgnoreMatcher(parseIgnore(text));
  return paths.filter((path) => matcher.ignores(path));
};

test('patterns', () => {
  const all = ['a', 'a.md', 'd/a.md', 'd/e/a.md', 'd/e/b', '.git/x', 'x$y', 'abc', 'adc', 'README.md', 'a[1]'];
  const table: [string, string[]][] = [
    ['*.md', ['a.md', 'README.md']],
    ['**/*.md', ['a.md', 'd/a.md', 'd/e/a.md', 'README.md']],
    ['*/*.md', ['d/a.md']],
    ['d', ['d/a.md', 'd/e/a.md', 'd/e/b']],
    ['/d/e/', ['d/e/a.md', 'd/e/b']],
    ['d/**', ['d/a.md', 'd/e/a.md', 'd/e/b']],
    ['**/e', ['d/e/a.md', 'd/e/b']],
    ['.git', ['.git/x']],
    ['a?c', ['abc', 'adc']],
    ['a[b-c]c', ['abc']],
    ['a[^b]c', ['adc']],
    ['x$y', ['x$y']],
    ['a\\[1]', ['a[1]']],
    ['*\n!a*', ['.git/x', 'x$y', 'README.md', 'd/a.md', 'd/e/a.md', 'd/e/b'].sort()],
    ['*.md\n!README.md', ['a.md']],
    ['*.md\n!README.md\nREADME*', ['a.md', 'README.md']],
    ['d\n!d/e/b', ['d/a.md', 'd/e/a.md']],
    ['# a\n  \n  ./x/../a  ', ['a']],
    ['\uFEFFabc', ['abc']],
  ];
  for (const [text, wanted] of table) assert.deepEqual(ignored(text, all).sort(), [...wanted].sort(), text);
});

test('what may come back below', () => {
  const matcher = new IgnoreMatcher(parseIgnore('d\n!d/e/b'));
  assert.equal(matcher.mayReturnBelow('d'), true);
  assert.equal(matcher.mayReturnBelow('d/f'), false);
  assert.equal(new IgnoreMatcher(['*', '!**/x']).mayReturnBelow('q'), true);
});

test('what is wrong', () => {
  assert.throws(() => new IgnoreMatcher(['a[']), /syntax error in pattern/);
  assert.throws(() => new IgnoreMatcher(parseIgnore('!')), /illegal exclusion pattern/);
});
