import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  binarySize,
  compareTime,
  formatDuration,
  humanDuration,
  humanSize,
  parseDuration,
  parseSize,
  parseTime,
} from './units.js';

test('sizes for people', () => {
  const cases: [number, string][] = [
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [1982394, '1.982MB'],
    [4270000, '4.27MB'],
    [1.5e12, '1.5TB'],
  ];
  for (const [bytes, text] of cases) assert.equal(humanSize(bytes), text);
  assert.equal(humanSize(1982394, 3), '1.98MB');
  assert.equal(binarySize(512 * 1024 * 1024), '512MiB');
  assert.equal(binarySize(25276502016), '23.54GiB');
});

test('sizes from people', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['100', 100],
    ['10b', 10],
    ['1k', 1024],
    ['512m', 512 << 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['1GiB', 2 ** 30],
    ['2 MB', 2 << 20],
    ['1T', 2 ** 40],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', 'm', '-1', '1x', '1.2.3m', '1mm', '0x10']) {
    assert.throws(() => parseSize(text), { kind: 'invalid' }, text);
  }
});

test('durations', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['1s', 1e9],
    ['1m30s', 90e9],
    ['1.5h', 5400e9],
    ['-2s', -2e9],
    ['.5s', 5e8],
    ['100ms', 1e8],
    ['1us', 1000],
  ];
  for (const [text, ns] of cases) assert.equal(parseDuration(text), ns, text);
  for (const text of ['', '1', 's', '1d', '1s ', '1.s.', 'x1s', '1sx'])
    assert.throws(() => parseDuration(text), { kind: 'invalid' }, text);
});

test('how long ago, in words', () => {
  const hour = 3600;
  const day = 24 * hour;
  const cases: [number, string][] = [
    [0.5, 'Less than a second'],
    [1.9, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [59 * 60, '59 minutes'],
    [hour, 'About an hour'],
    [1.5 * hour, '2 hours'],
    [47 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [700 * day, '23 months'],
    [800 * day, '2 years'],
  ];
  for (const [seconds, words] of cases) assert.equal(humanDuration(seconds), words, String(seconds));
});

test('times of the API keep their nanoseconds', () => {
  assert.deepEqual(parseTime('1795468336'), { seconds: 1795468336, nanos: 0 });
  assert.deepEqual(parseTime('1795468336.000000001'), { seconds: 1795468336, nanos: 1 });
  assert.deepEqual(parseTime('1.5'), { seconds: 1, nanos: 500000000 });
  assert.deepEqual(parseTime('1970-01-01T00:00:01.123456789Z'), { seconds: 1, nanos: 123456789 });
  assert.deepEqual(parseTime('1970-01-01T01:00:00+01:00'), { seconds: 0, nanos: 0 });
  for (const text of ['', 'abc', '1.', '1970-01-01', '1e3', '1970-13-01T00:00:00Z']) {
    assert.throws(() => parseTime(text), { kind: 'invalid' }, text);
  }
  assert.ok(compareTime(parseTime('1.000000001'), parseTime('1.000000002')) < 0);
  assert.ok(compareTime(parseTime('2'), parseTime('1.9')) > 0);
  assert.equal(compareTime(parseTime('2'), parseTime('2.0')), 0);
});

test('durations as Go writes them', () => {
  const texts = [0, 1, 1500, 2.5e6, 100e6, 1e9, 1.5e9, 90e9, 3600e9, -61e9].map(formatDuration);
  assert.deepEqual(texts, ['0s', '1ns', '1.5µs', '2.5ms', '100ms', '1s', '1.5s', '1m30s', '1h0m0s', '-1m1s']);
});
