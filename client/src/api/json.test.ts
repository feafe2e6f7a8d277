import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJson, parseJson } from './json.js';

test('whole numbers keep all their digits', () => {
  const text = '{"time":1795472291,"timeNano":1795472291712108817,"list":[-9007199254740993, 1]}';
  const value = parseJson<{ time: number; timeNano: bigint; list: unknown[] }>(text);
  assert.equal(value.time, 1795472291);
  assert.equal(value.timeNano, 1795472291712108817n);
  assert.deepEqual(value.list, [-9007199254740993n, 1]);
  assert.equal(encodeJson(value), text.replace(' ', ''));
});

test('digits in strings and fractions are left alone', () => {
  const value = { id: '1234567890123456789', quoted: 'a ":1234567890123456789" b' };
  const text = `{"n":12345678901234567890.5,"e":1234567890123456e5,"x":1234567890123456,${JSON.stringify(value).slice(1)}`;
  const parsed = parseJson<typeof value & { n: unknown; e: unknown; x: unknown }>(text);
  assert.equal(parsed.id, value.id);
  assert.equal(parsed.quoted, value.quoted);
  assert.deepEqual([typeof parsed.n, typeof parsed.e], ['number', 'number']);
  assert.equal(parsed.x, 1234567890123456n);
});

test('an indent as inspect prints it', () => {
  assert.equal(encodeJson([{ a: [], b: {} }], 4), '[\n    {\n        "a": [],\n        "b": {}\n    }\n]');
  assert.equal(encodeJson(undefined), 'null');
});
