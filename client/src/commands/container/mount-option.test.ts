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

test('volumes, images and what only this engine has', () => {
  assert.deepEqual(parseMount('src=v,dst=/v,volume-nocopy,volume-subpath=a/b,volume-label=x=1,volume-label=y'), {
    ...{ Type: 'volume', Source: 'v', Target: '/v' },
    VolumeOptions: { NoCopy: true, Subpath: 'a/b', Labels: { x: '1', y: '' } },
  });
  assert.deepEqual(parseMount('dst=/v,volume-driver=local,"volume-opt=o=bind,ro",volume-opt=device=/d'), {
    ...{ Type: 'volume', Target: '/v' },
    VolumeOptions: { DriverConfig: { Name: 'local', Options: { o: 'bind,ro', device: '/d' } } },
  });
  assert.deepEqual(parseMount('type=image,src=busybox,dst=/i,image-subpath=etc'), {
    ...{ Type: 'image', Source: 'busybox', Target: '/i', ImageOptions: { Subpath: 'etc' } },
  });
  const bind = (more: string) => parseMount(`type=bind,src=/a,dst=/b,${more}`).BindOptions;
  assert.deepEqual(bind('idmap'), { IDMap: 'user' });
  assert.deepEqual(bind('idmap=uids=0-1-1;gids=0-2-1'), { IDMap: 'uids=0-1-1;gids=0-2-1' });
  assert.deepEqual(bind('bind-recursive=disabled'), { NonRecursive: true });
  assert.deepEqual(bind('ro,bind-recursive=writable'), { ReadOnlyNonRecursive: true });
  assert.deepEqual(bind('ro,bind-recursive=readonly,bind-propagation=rprivate'), {
    ...{ ReadOnlyForceRecursive: true, Propagation: 'rprivate' },
  });
});

test('mistakes', () => {
  assert.throws(
    () => parseMount('type=bind,src=/a,dst=/b,bind-recursive=x'),
    /invalid value for bind-recursive: x \(must/,
  );
  assert.throws(
    () => parseMount('type=bind,src=/a,dst=/b,bind-recursive=writable'),
    /requires 'readonly' to be specified/,
  );
  assert.throws(
    () => parseMount('type=bind,src=/a,dst=/b,ro,bind-recursive=readonly'),
    /option 'bind-recursive=readonly' requires 'bind-propagation=rprivate'/,
  );
  assert.throws(
    () => parseMount('type=volume,dst=/a,tmpfs-size=1m'),
    /cannot mix 'tmpfs-\*' options with mount type 'volume'/,
  );
  assert.throws(() => parseMount('dst=/a,idmap'), /cannot mix 'bind-\*' options with mount type 'volume'/);
  assert.throws(() => parseMount('foo'), /invalid field 'foo' must be a key=value pair/);
  assert.throws(() => parseMount('type=bind,foo=bar,dst=/x'), /unexpected key 'foo' in 'foo=bar'/);
  assert.throws(() => parseMount('type=bind,src=/a'), /target is required/);
  assert.throws(() => parseMount('type=tmpfs,dst=/x,tmpfs-mode=9'), /invalid value for tmpfs-mode: 9/);
  assert.throws(() => parseMount('type=bind,src=/a,dst=/b,readonly=maybe'), /invalid value for readonly: maybe/);
});
