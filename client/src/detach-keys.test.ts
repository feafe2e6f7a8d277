import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachFilter, parseDetachKeys } from './detach-keys.js';

test('keys are bytes', () => {
  assert.deepEqual(parseDetachKeys('ctrl-p,ctrl-q'), [16, 17]);
  assert.deepEqual(parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-_,CTRL-A'), [97, 0, 27, 31, 1]);
  for (const wrong of ['', 'ctrl-', 'ctrl-1', 'ab', 'a,,b'])
    assert.throws(() => parseDetachKeys(wrong), /invalid detach keys/);
});

/** What is sent on of some pieces of input, and whether the keys were in it. */
function feed(keys: number[], ...pieces: string[]): [string, boolean] {
  const filter = new DetachFilter(keys);
  let out = '';
  for (const piece of pieces) {
    const { forward, detached } = filter.push(Buffer.from(piece, 'latin1'));
    out += forward.toString('latin1');
    if (detached) return [out, true];
  }
  return [out, false];
}

test('the keys are found wherever the pieces are cut, and are not sent on', () => {
  assert.deepEqual(feed([16, 17], 'ab\x10\x11cd'), ['ab', true]);
  assert.deepEqual(feed([16, 17], 'ab\x10', '\x11cd'), ['ab', true]);
  assert.deepEqual(feed([97, 98, 99], 'xa', 'b', 'cy'), ['x', true]);
});

test('what only began like the keys is sent on in its place', () => {
  assert.deepEqual(feed([16, 17], 'a\x10b'), ['a\x10b', false]);
  assert.deepEqual(feed([16, 17], 'a\x10', 'b'), ['a\x10b', false]);
  assert.deepEqual(feed([16, 17], '\x10\x10\x11'), ['\x10', true]);
  assert.deepEqual(feed([97, 98, 99], 'ababc'), ['ab', true]);
  assert.deepEqual(feed([16, 17], '\x10'), ['', false]);
});
