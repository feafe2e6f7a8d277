import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepEnding, planCopy, renameTop, splitArgument, splitPath } from './plan.js';

test('arguments: a container before a colon, unless the path says that it is one', () => {
  assert.deepEqual(splitArgument('web:/etc'), { container: 'web', path: '/etc' });
  assert.deepEqual(splitArgument('web:a:b'), { container: 'web', path: 'a:b' });
  for (const path of ['/a:b', './a:b', '../a:b', 'plain', '-']) {
    assert.deepEqual(splitArgument(path), { container: undefined, path });
  }
});

test('paths keep what they end in', () => {
  assert.equal(keepEnding('/a', 'a/'), '/a/');
  assert.equal(keepEnding('/a', './a/.'), '/a/.');
  assert.equal(keepEnding('/', '/'), '/');
  assert.deepEqual(splitPath('/a/b'), { directory: '/a', base: 'b' });
  assert.deepEqual(splitPath('/a/b/'), { directory: '/a', base: 'b' });
  assert.deepEqual(splitPath('/a/b/.'), { directory: '/a/b', base: '.' });
  assert.deepEqual(splitPath('/'), { directory: '/', base: '/' });
  assert.deepEqual(splitPath('a'), { directory: '.', base: 'a' });
});

test('where a copy goes, by what is there', () => {
  const [file, directory] = [{ isDirectory: false }, { isDirectory: true }];
  const there = (path: string, isDirectory: boolean) => ({ path, exists: true, isDirectory });
  const not = (path: string) => ({ path, exists: false, isDirectory: false });
  assert.deepEqual(planCopy(file, there('/d', true)), { directory: '/d', name: undefined });
  assert.deepEqual(planCopy(directory, there('/d', true)), { directory: '/d', name: undefined });
  assert.deepEqual(planCopy(file, there('/d/f', false)), { directory: '/d', name: 'f' });
  assert.deepEqual(planCopy(file, not('/d/f')), { directory: '/d', name: 'f' });
  assert.deepEqual(planCopy(directory, not('/d/n')), { directory: '/d', name: 'n' });
  assert.deepEqual(planCopy(directory, not('/d/n/')), { directory: '/d', name: 'n' });
  assert.throws(() => planCopy(directory, there('/d/f', false)), { message: 'cannot copy directory' });
  for (const path of ['/d/n/', '/d/n/.', ''])
    assert.throws(() => planCopy(file, not(path)), { message: 'no such directory' });
});

test('the top of an archive gets another name, and nothing else does', () => {
  const rename = renameTop('a', 'b');
  assert.deepEqual(['a', 'a/', 'a/a/x', 'ab', 'ab/a'].map(rename), ['b', 'b/', 'b/a/x', 'ab', 'ab/a']);
  assert.deepEqual(['./', './x'].map(renameTop('.', 'b')), ['b/', 'b/x']);
  assert.equal(renameTop('/', 'b')('/x'), 'b//x');
  assert.equal(renameTop('a', undefined)('a/x'), 'a/x');
});
