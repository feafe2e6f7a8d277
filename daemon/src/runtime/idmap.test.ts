import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIdmap } from './idmap.js';

test('ranges of ids, one kind standing for both', () => {
  assert.equal(parseIdmap('user'), undefined);
  assert.equal(parseIdmap('container'), undefined);
  assert.deepEqual(parseIdmap('uids=0-1000-1#1-2000-10;gids=5-6-7'), {
    uids: [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 2000, size: 10 },
    ],
    gids: [{ containerID: 5, hostID: 6, size: 7 }],
  });
  const same = parseIdmap('gids=1-2-3');
  assert.deepEqual(same?.uids, same?.gids);
});

for (const text of [
  '',
  'odd',
  'uids=',
  'uids=1-2',
  'uids=1-2-0',
  'uids=0-0-4294967296',
  'uids=1-2-3;uids=1-2-3',
  'uids=0-0-5#4-9-1',
  'uids=0-0-5#5-4-1',
  `uids=${Array.from({ length: 341 }, (_, i) => `${i}-${i}-1`).join('#')}`,
]) {
  test(`idmap=${text.slice(0, 40)} is refused`, () => {
    assert.throws(() => parseIdmap(text), { kind: 'invalid', message: /^invalid idmap "/ });
  });
}
