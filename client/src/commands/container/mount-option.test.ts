import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMount } from './mount-option.js';

test('a bind, by either names', () => {
  const bind = { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true };
  assert.deepEqual(parseMount('type=bind,source=/a,target=/b,readonly'), bind);
  assert.deepEqual(parseMount('type=bind,src=/a,dst=/b,ro=true'), bind);
  assert.deepEqual(parseMount('type=bind,src=/a,destination=/b,bind-propagation=rshared'), {
    ...{ Type: 'bind', Source: '/a', Target: '/b' },
    BindOptions: { Propagation: 'rshared' },
  });
});

test('a tmpfs with its options, and a field in quotes', () => {
  assert.deepEqual(parseMount('type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770'), {
    ...{ Type: 'tmpfs', Target: '/t' },
    TmpfsOptions: { SizeBytes: 1024 ** 2, Mode: 0o1770 },
  });
  assert.equal(parseMount('type=bind,"src=/a,b",dst=/c').Source, '/a,b');
});

test('mistakes', () => {
  assert.throws(() => parseMount('foo'), /invalid field 'foo' must be a key=value pair/);
  assert.throws(() => parseMount('type=bind,foo=bar,dst=/x'), /unexpected key 'foo' in 'foo=bar'/);
  assert.throws(() => parseMount('type=bind,src=/a'), /target is required/);
  assert.throws(() => parseMount('type=tmpfs,dst=/x,tmpfs-mode=9'), /invalid value for tmpfs-mode: 9/);
  assert.throws(() => parseMount('type=bind,src=/a,dst=/b,readonly=maybe'), /invalid value for readonly: maybe/);
});
