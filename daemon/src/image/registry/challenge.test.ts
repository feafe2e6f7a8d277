import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenge } from './challenge.js';

test('challenges of registries', () => {
  assert.deepEqual(parseChallenge('Bearer realm="http://h/token",service="a b", scope=x'), {
    scheme: 'bearer',
    parameters: { realm: 'http://h/token', service: 'a b', scope: 'x' },
  });
  assert.deepEqual(parseChallenge('BASIC realm="r"'), { scheme: 'basic', parameters: { realm: 'r' } });
  assert.deepEqual(parseChallenge(''), { scheme: '', parameters: {} });
  assert.deepEqual(parseChallenge('Bearer realm="never closed'), { scheme: 'bearer', parameters: { realm: '"never' } });
});
