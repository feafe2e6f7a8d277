import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDetachKeys } from './detach-keys.js';

test('keys are characters and control characters', () => {
  assert.deepEqual(parseDetachKeys(undefined), [16, 17]);
  assert.deepEqual(parseDetachKeys(''), [16, 17]);
  assert.deepEqual(parseDetachKeys('ctrl-p,ctrl-q'), [16, 17]);
  assert.deepEqual(
    parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL'),
    [97, 0, 27, 28, 29, 30, 31, 127],
  );
  for (const text of ['zz', 'ctrl-', 'ctrl-aa', 'ctrl-A', 'a,,b', 'ü'])
    assert.equal(parseDetachKeys(text), undefined, text);
});
