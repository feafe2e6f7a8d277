import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerCgroup } from './cgroup.js';

test('a cgroup is below its parent, which cannot lead out of the root', () => {
  assert.equal(containerCgroup('abc', '/tinydocker'), '/tinydocker/abc');
  assert.equal(containerCgroup('abc', 'a/b/'), '/a/b/abc');
  assert.equal(containerCgroup('abc', '../../a'), '/a/abc');
});
