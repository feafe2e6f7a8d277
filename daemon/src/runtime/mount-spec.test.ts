import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMount } from './mount-spec.js';

test('a bind makes no source and can leave out what is below', () => {
  const mount = parseMount({ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true });
  assert.deepEqual(
    [mount.rw, mount.recursive, mount.recursiveReadOnly, mount.createSource],
    [false, true, true, false],
  );
  const options = { NonRecursive: true, Propagation: 'slave', IDMap: 'user' };
  const flat = parseMount({ Type: 'bind', Source: '/a', Target: '/b', BindOptions: options });
  assert.deepEqual(
    [flat.recursive, flat.recursiveReadOnly, flat.propagation, flat.idmap],
    [false, false, 'slave', 'user'],
  );
});

test('volumes, images and file systems in memory', () => {
  const part = parseMount({ Type: 'volume', Source: 'v', Target: '/b', VolumeOptions: { Subpath: 'a/./b/' } });
  assert.deepEqual([part.source, part.subpath, part.fill, part.anonymous], ['v', 'a/b', false, false]);
  assert.equal(parseMount({ Type: 'volume', Target: '/b' }).anonymous, true);
  assert.equal(parseMount({ Type: 'volume', Source: 'v', Target: '/b', VolumeOptions: { NoCopy: true } }).fill, false);
  const image = parseMount({ Type: 'image', Source: 'busybox', Target: '/b' });
  assert.deepEqual([image.rw, image.source], [false, 'busybox']);
  const tmpfs = parseMount({
    Type: 'tmpfs',
    Target: '/t',
    TmpfsOptions: { SizeBytes: 5, Mode: 0o700 },
    ReadOnly: true,
  });
  assert.deepEqual(tmpfs.options, ['noexec', 'nosuid', 'nodev', 'size=5', 'mode=700', 'ro']);
});

const REFUSED = [
  [{ Type: 'bind', Source: '', Target: '/b' }, /"bind": field Source must not be empty/],
  [{ Type: 'bind', Source: '/a', Target: null }, /"bind": field Target must not be empty/],
  [{ Type: 'bind', Source: 'a', Target: '/b' }, /'a' mount path must be absolute/],
  [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'odd' } }, /propagation mode: odd/],
  [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { IDMap: 'x' } }, /invalid idmap "x"/],
  [
    { Type: 'bind', Source: '/a', Target: '/b', VolumeOptions: {} },
    /^VolumeOptions must not be specified on mount type/,
  ],
  [{ Type: 'volume', Target: '/b', ReadOnly: true }, /must not set ReadOnly mode when using anonymous volumes/],
  [{ Type: 'volume', Target: '/b', VolumeOptions: { Subpath: 'a' } }, /must not set Subpath when using anonymous/],
  [
    { Type: 'volume', Source: 'v', Target: '/b', VolumeOptions: { Subpath: 'a/../..' } },
    /relative path within the volume/,
  ],
  [{ Type: 'image', Source: 'i', Target: '/b', ImageOptions: { Subpath: '/a' } }, /relative path within the image/],
  [{ Type: 'tmpfs', Source: 'v', Target: '/b' }, /"tmpfs": field Source must not be specified/],
  [{ Type: 'odd', Target: '/b' }, /^invalid mount config for type "odd": mount type unknown$/],
] as const;

for (const [mount, sentence] of REFUSED) {
  test(`--mount ${JSON.stringify(mount)} is refused`, () => {
    assert.throws(() => parseMount(mount), { kind: 'invalid', message: sentence });
  });
}
