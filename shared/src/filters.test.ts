import assert from 'node:assert/strict';
import { test } from 'node:test';
import { booleanFilter, encodeFilters, matchesFilter, matchesLabels, parseFilters } from './filters.js';

const KEYS = ['label', 'label!', 'name', 'dangling'];

test('both forms of the parameter say the same', () => {
  const list = parseFilters('{"label":["a","b=c"],"name":["x"]}', KEYS);
  const map = parseFilters('{"label":{"a":true,"b=c":true,"no":false},"name":{"x":true}}', KEYS);
  assert.deepEqual([...map], [...list]);
  assert.deepEqual(list.get('label'), ['a', 'b=c']);
});

test('no filter is no condition', () => {
  for (const text of [undefined, '', '{}', 'null', '{"name":[]}', '{"name":{}}']) {
    assert.equal(parseFilters(text, KEYS).size, 0, String(text));
  }
});

test('malformed filters and unknown keys are refused', () => {
  for (const text of ['x', '[]', '3', '{"name":3}', '{"name":[3]}', '{"name":{"a":1}}', '{"name":null}']) {
    assert.throws(() => parseFilters(text, KEYS), { kind: 'invalid', message: 'invalid filter' }, text);
  }
  assert.throws(() => parseFilters('{"color":["red"]}', KEYS), { kind: 'invalid', message: "invalid filter 'color'" });
});

test('encode and parse are inverse', () => {
  assert.equal(encodeFilters({ name: [] }), undefined);
  assert.deepEqual([...parseFilters(encodeFilters({ name: ['x', 'y'], label: [] }), KEYS)], [['name', ['x', 'y']]]);
});

test('values of a key are alternatives', () => {
  const filters = parseFilters('{"name":["a","b"]}', KEYS);
  assert.ok(matchesFilter(filters, 'name', (v) => v === 'b'));
  assert.ok(!matchesFilter(filters, 'name', (v) => v === 'c'));
  assert.ok(matchesFilter(filters, 'id', () => false));
});

test('all labels must match, and excluded ones must not', () => {
  const filters = parseFilters('{"label":["a","b=c"],"label!":["d=e","f"]}', KEYS);
  assert.ok(matchesLabels(filters, { a: 'x', b: 'c', d: 'other' }));
  assert.ok(!matchesLabels(filters, { a: 'x', b: 'd' }));
  assert.ok(!matchesLabels(filters, { a: 'x', b: 'c', d: 'e' }));
  assert.ok(!matchesLabels(filters, { a: 'x', b: 'c', f: '' }));
  assert.ok(!matchesLabels(filters, null));
  assert.ok(!matchesLabels(parseFilters('{"label":["toString"]}', KEYS), {}));
});

test('a boolean filter takes one of two words', () => {
  const read = (...values: string[]) => booleanFilter(new Map([['dangling', values]]), 'dangling');
  assert.deepEqual([read('1'), read('true'), read('0'), read('false')], [true, true, false, false]);
  assert.equal(booleanFilter(new Map(), 'dangling'), undefined);
  assert.throws(() => read('maybe'), { message: "invalid filter 'dangling=[maybe]'" });
  assert.throws(() => read('true', 'false'), { kind: 'invalid' });
});
