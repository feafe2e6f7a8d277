import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeLine, LineDecoder } from './json-lines.js';

test('values are found whatever the pieces', () => {
  const values = [{ a: 'ä€😀' }, [1, 2], 'x', null];
  const bytes = Buffer.from(`${values.map(encodeLine).join('\n')}\r\n`);
  for (let size = 1; size <= bytes.length; size++) {
    const decoder = new LineDecoder();
    const found: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...decoder.push(bytes.subarray(at, at + size)));
    assert.deepEqual(found, values);
    assert.deepEqual(decoder.end(), []);
  }
});

test('a last line needs no newline', () => {
  const decoder = new LineDecoder();
  assert.deepEqual(decoder.push(Buffer.from('{"a":1}\n{"b":')), [{ a: 1 }]);
  assert.deepEqual(decoder.push(Buffer.from('2}')), []);
  assert.deepEqual(decoder.end(), [{ b: 2 }]);
});

test('a line that is not JSON, or too long, is an error', () => {
  assert.throws(() => new LineDecoder().push(Buffer.from('{nonsense\n')), SyntaxError);
  assert.throws(() => new LineDecoder(10).push(Buffer.from('"0123456789')), /longer than 10 bytes/);
});
