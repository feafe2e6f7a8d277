import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './table.js';

test('columns are at least ten wide, three apart, and the last has no padding', () => {
  assert.equal(
    table([
      ['ID', 'A LONG HEADING', 'LAST'],
      ['1', 'x', 'y'],
    ]),
    'ID        A LONG HEADING   LAST\n1         x                y\n',
  );
});

test('characters count, not bytes', () => {
  assert.equal(
    table([
      ['abcdefgh…', 'x'],
      ['é', 'y'],
    ]),
    'abcdefgh…   x\né           y\n',
  );
});

test('empty cells keep their column', () => {
  assert.equal(table([['a', '', 'c']]), 'a                   c\n');
  assert.equal(table([]), '');
});
