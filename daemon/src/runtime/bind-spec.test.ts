import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBind } from './bind-spec.js';

test('-v is read with all its words', () => {
  const plain = parseBind('/a/../b/:/c/');
  assert.deepEqual(
    [plain.type, plain.source, plain.destination, plain.rw, plain.propagation, plain.createSource],
    ['bind', '/b', '/c', true, 'rprivate', true],
  );
  const words = parseBind('/a:/b:ro,rslave,Z,cached');
  assert.deepEqual([words.rw, words.propagation, words.mode], [false, 'rslave', 'ro,rslave,Z,cached']);
  assert.equal(parseBind('/a:/b:idmap').idmap, 'user');
  assert.equal(parseBind('/a:/b:ro,idmap=uids=0-5-1#1-9-2;gids=0-5-1').idmap, 'uids=0-5-1#1-9-2;gids=0-5-1');
});

test('-v with a name is a volume, a lone path one that is made up', () => {
  const named = parseBind('data:/d');
  assert.deepEqual(
    [named.type, named.source, named.mode, named.fill, named.anonymous],
    ['volume', 'data', 'z', true, false],
  );
  const words = parseBind('data:/d:ro,nocopy');
  assert.deepEqual([words.rw, words.fill, words.mode], [false, false, 'ro,nocopy']);
  const lone = parseBind('/d/');
  assert.deepEqual([lone.type, lone.source, lone.destination, lone.anonymous], ['volume', '', '/d', true]);
});

const REFUSED: [bind: string, sentence: RegExp][] = [
  ['a', /invalid mount config for type "volume": invalid mount path: 'a' mount path must be absolute/],
  ['/a:b', /invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute/],
  ['/a:/', /destination can't be '\/'/],
  ['/a:/../', /destination can't be '\/'/],
  ['/a:/b:zz', /^invalid mode: zz$/],
  ['/a:/b:U', /^invalid mode: U: .*"idmap"/],
  ['/a:/b:ro,rw', /^invalid mode: ro,rw$/],
  ['/a:/b:ro=1', /^invalid mode: ro=1$/],
  ['/a:/b:shared,slave', /^invalid mode: shared,slave$/],
  ['/a:/b:idmap=uids=1', /^invalid idmap "uids=1": "1" is not FROM-TO-COUNT$/],
  ['/a:/b:nocopy', /invalid mount config for type "bind": field VolumeOptions must not be specified$/],
  ['data:/b:rslave', /invalid mount config for type "volume": field BindOptions must not be specified$/],
  ['data:/b:idmap', /"idmap" is for directories of the host$/],
  ['/a:ro', /^invalid volume specification: '\/a:ro'$/],
  ['/a:/b:/c:ro', /^invalid volume specification: '\/a:\/b:\/c:ro'$/],
  [':/b', /^invalid volume specification: ':\/b'$/],
  ['/a:', /^invalid volume specification: '\/a:'$/],
];

for (const [bind, sentence] of REFUSED) {
  test(`-v ${bind} is refused`, () => {
    assert.throws(() => parseBind(bind), { kind: 'invalid', message: sentence });
  });
}
