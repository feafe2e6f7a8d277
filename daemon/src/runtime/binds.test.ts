import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindMounts, parseBind, parseBindMount } from './binds.js';

test('-v is read with all its words', () => {
  const plain = parseBind('/a/../b/:/c/');
  assert.deepEqual(
    [plain.source, plain.destination, plain.rw, plain.propagation, plain.createSource],
    ['/b', '/c', true, 'rprivate', true],
  );
  const words = parseBind('/a:/b:ro,rslave,Z,cached');
  assert.deepEqual([words.rw, words.propagation, words.mode], [false, 'rslave', 'ro,rslave,Z,cached']);
});

const REFUSED: [bind: string, sentence: RegExp][] = [
  ['a', /invalid mount config for type "volume": invalid mount path: 'a' mount path must be absolute/],
  ['/a', /volumes are not offered yet/],
  ['name:/a', /volumes are not offered yet/],
  ['/a:b', /invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute/],
  ['/a:/', /destination can't be '\/'/],
  ['/a:/../', /destination can't be '\/'/],
  ['/a:/b:zz', /^invalid mode: zz$/],
  ['/a:/b:ro,rw', /^invalid mode: ro,rw$/],
  ['/a:/b:shared,slave', /^invalid mode: shared,slave$/],
  ['/a:/b:/c:ro', /^invalid volume specification: '\/a:\/b:\/c:ro'$/],
  [':/b', /^invalid volume specification: ':\/b'$/],
  ['/a:', /^invalid volume specification: '\/a:'$/],
];

for (const [bind, sentence] of REFUSED) {
  test(`-v ${bind} is refused`, () => {
    assert.throws(() => parseBind(bind), { kind: 'invalid', message: sentence });
  });
}

test('--mount type=bind makes no source and can leave out what is below', () => {
  const mount = parseBindMount({ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true });
  assert.deepEqual(
    [mount.rw, mount.recursive, mount.recursiveReadOnly, mount.createSource],
    [false, true, true, false],
  );
  const flat = parseBindMount({
    Source: '/a',
    Target: '/b',
    BindOptions: { NonRecursive: true, Propagation: 'slave' },
  });
  assert.deepEqual([flat.recursive, flat.recursiveReadOnly, flat.propagation], [false, false, 'slave']);
  for (const [given, sentence] of [
    [{ Source: '', Target: '/b' }, /field Source must not be empty/],
    [{ Source: '/a', Target: null }, /field Target must not be empty/],
    [{ Source: 'a', Target: '/b' }, /'a' mount path must be absolute/],
    [{ Source: '/a', Target: '/b', BindOptions: { Propagation: 'odd' } }, /invalid propagation mode: odd/],
  ] as const) {
    assert.throws(() => parseBindMount(given), { kind: 'invalid', message: sentence });
  }
});

test('both ways come together, other types of mounts do not', () => {
  const binds = bindMounts({
    Binds: ['/a:/b'],
    Mounts: [
      { Type: 'bind', Source: '/c', Target: '/d' },
      { Type: 'tmpfs', Target: '/e' },
    ],
  });
  assert.deepEqual(
    binds.map((b) => b.destination),
    ['/b', '/d'],
  );
  assert.deepEqual(bindMounts({ Binds: null, Mounts: null }), []);
});
