import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createdAt, rfc3339Nano, timestamp } from './time.js';

const NOW = Date.parse('2026-01-02T03:04:05Z');

test('points in time for the API', () => {
  const at = (text: string) => timestamp(text, undefined, NOW);
  assert.equal(at('1767323045'), '1767323045');
  assert.equal(at('1767323045.5'), '1767323045.5');
  assert.equal(at('10m'), String((NOW / 1000 - 600).toFixed(9)));
  assert.equal(at('1h30m'), String((NOW / 1000 - 5400).toFixed(9)));
  assert.equal(at('2026-01-02T03:04:05Z'), `${NOW / 1000}.000000000`);
  assert.equal(at('2026-01-02T03:04:05.123456789Z'), `${NOW / 1000}.123456789`);
  assert.equal(at('2026-01-02T05:04:05+02:00'), `${NOW / 1000}.000000000`);
  assert.equal(at('2026-01-02'), `${new Date(2026, 0, 2).getTime() / 1000}.000000000`);
  assert.equal(at('2026-01-02T03:04'), `${new Date(2026, 0, 2, 3, 4).getTime() / 1000}.000000000`);
  assert.throws(() => at('soon'), /failed to parse value as time or duration: "soon"/);
  assert.throws(() => timestamp('soon', 'since'), /invalid value for "since": failed/);
});

test('times keep nine digits', () => {
  assert.match(rfc3339Nano(1795472291712108817n), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.712108817(Z|[+-]\d\d:\d\d)$/);
  assert.match(rfc3339Nano(5n), /\.000000005/);
});

test('the time that lists show', () => {
  assert.match(createdAt(1795472291), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \S+$/);
});
