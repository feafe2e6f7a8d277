import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstFree, type IdRange, mapOf, overlap } from './id-map.js';

test('ranges behind each other make one map from 0 on', () => {
  assert.deepEqual(
    mapOf([
      { start: 100, size: 10 },
      { start: 500, size: 5 },
    ]),
    [
      { containerID: 0, hostID: 100, size: 10 },
      { containerID: 10, hostID: 500, size: 5 },
    ],
  );
});

test('ranges that touch do not overlap', () => {
  assert.equal(overlap({ start: 0, size: 10 }, { start: 10, size: 10 }), false);
  assert.equal(overlap({ start: 0, size: 11 }, { start: 10, size: 10 }), true);
});

test('a freed range is the next to be taken, and one that is too small is passed over', () => {
  const pool = [{ start: 1000, size: 40 }];
  const taken = [
    { start: 1020, size: 10 },
    { start: 1000, size: 10 },
  ];
  assert.deepEqual(firstFree(pool, taken, 10), { start: 1010, size: 10 });
  assert.equal(firstFree(pool, taken, 11), undefined);
  assert.deepEqual(firstFree([...pool, { start: 5000, size: 11 }], taken, 11), { start: 5000, size: 11 });
});

test('whatever comes and goes, no two ranges overlap, none leaves the pool, and a full pool gives none', () => {
  const pool = [
    { start: 100, size: 97 },
    { start: 1000, size: 64 },
  ];
  let seed = 1;
  const random = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  let taken: IdRange[] = [];
  for (let round = 0; round < 3000; round++) {
    if (random(3) === 0 && taken.length > 0) taken = taken.filter((_, i) => i !== random(taken.length));
    const size = 1 + random(20);
    const found = firstFree(pool, taken, size);
    if (!found) continue;
    assert.ok(!taken.some((other) => overlap(other, found)));
    assert.ok(pool.some((p) => found.start >= p.start && found.start + found.size <= p.start + p.size));
    taken.push(found);
  }
});
