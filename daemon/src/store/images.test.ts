import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { type Db, openDatabase } from './database.js';
import { ImageStore, type NewImage, type NewLayer, type Placement } from './images.js';

const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const at = '2024-01-02T03:04:05.000000000Z';
const nowhere: Placement = { layer: () => {}, blob: () => {} };

const layer = (chain: string, size = 10): NewLayer => ({
  chainId: digest(chain),
  diffId: digest(`diff of ${chain}`),
  size,
  blob: { digest: digest(`blob of ${chain}`), size: 5 },
});

function image(name: string, ...layers: NewLayer[]): NewImage {
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', comment: name, rootfs: { type: 'layers' } });
  return { id: digest(config), config, createdAt: at, layers };
}

let db: Db;
let store: ImageStore;
beforeEach(() => {
  db = openDatabase(':memory:');
  store = new ImageStore(db);
});

/** What a daemon that starts now would know is what this one knows. */
function assertStored(): void {
  const again = new ImageStore(db);
  assert.deepEqual(again.list(), store.list());
  assert.deepEqual(again.content.layers(), store.content.layers());
  assert.deepEqual(again.content.blobs().sort(), store.content.blobs().sort());
}

test('an image is found by its names, its id and the beginning of its id', () => {
  const { id } = store.insert(image('a', layer('1')), nowhere);
  const other = store.insert(image('b', layer('1'), layer('2', 7)), nowhere);
  store.tag('docker.io/library/busybox:latest', id, at);
  store.tag('localhost:5000/x/y:1', id, at);
  const hex = id.slice('sha256:'.length);
  for (const name of ['busybox', 'busybox:latest', 'docker.io/busybox', 'localhost:5000/x/y:1', id, hex]) {
    assert.equal(store.resolve(name)?.id, id, name);
  }
  for (const prefix of [hex.slice(0, 12), `sha256:${hex.slice(0, 20)}`]) assert.equal(store.resolve(prefix)?.id, id);
  for (const name of ['busybox:1', 'x/y:1', digest('none'), `busybox@${id}`]) {
    assert.equal(store.resolve(name), undefined, name);
  }
  assert.throws(() => store.resolve('Busy Box'), { kind: 'invalid' });
  assert.deepEqual(store.get(id)!.tags, ['docker.io/library/busybox:latest', 'localhost:5000/x/y:1']);
  assert.equal(store.get(id)!.lastTagTime, at);
  assert.equal(other.size, 17);
  assert.equal(other.layers[0], store.get(id)!.layers[0]);
  assertStored();
});

test('the beginning of two ids means neither; a name goes before the beginning of an id', () => {
  const ids = Array.from({ length: 40 }, (_, i) => store.insert(image(String(i), layer('1')), nowhere).id);
  const first = ids.map((id) => id[7]!);
  const twice = first.find((c, i) => first.indexOf(c) !== i)!;
  assert.equal(store.resolve(twice), undefined);
  const named = ids.find((id) => !id.startsWith(`sha256:${twice}`))!;
  store.tag(`docker.io/library/${twice}:latest`, named, at);
  assert.equal(store.resolve(twice)?.id, named);
});

test('a name moves from one image to another', () => {
  const [a, b] = ['a', 'b'].map((name) => store.insert(image(name, layer('1')), nowhere).id) as [string, string];
  assert.equal(store.tag('docker.io/library/x:1', a, at), undefined);
  assert.equal(store.tag('docker.io/library/x:1', a, at), undefined);
  assert.equal(store.tag('docker.io/library/x:1', b, at), a);
  assert.deepEqual([store.get(a)!.tags, store.get(b)!.tags], [[], ['docker.io/library/x:1']]);
  store.untag('docker.io/library/x:1');
  store.untag('docker.io/library/x:1');
  assert.equal(store.resolve('x:1'), undefined);
  assert.equal(store.get(b)!.lastTagTime, undefined);
  assertStored();
});

test('files that cannot be put into place leave no rows', () => {
  store.insert(image('a', layer('1')), nowhere);
  const failing: Placement = {
    layer: () => {},
    blob: () => {
      throw new Error('no space');
    },
  };
  assert.throws(() => store.insert(image('b', layer('1'), layer('2')), failing), /no space/);
  assert.equal(store.list().length, 1);
  assert.equal(store.content.layerByChain(digest('2')), undefined);
  assertStored();
  assert.equal(store.insert(image('b', layer('1'), layer('2')), nowhere).layers.length, 2);
  assertStored();
});

test('only what is new is put into place, blobs once', () => {
  const placed: string[] = [];
  const record: Placement = {
    layer: (id, { chainId }) => placed.push(`layer ${id} ${chainId}`),
    blob: ({ blob }) => placed.push(`blob ${blob.digest}`),
  };
  const twin: NewLayer = { ...layer('2'), blob: layer('1').blob };
  store.insert(image('a', layer('1'), twin), record);
  assert.deepEqual(placed, [`layer 1 ${digest('1')}`, `blob ${digest('blob of 1')}`, `layer 2 ${digest('2')}`]);
  placed.length = 0;
  // The same layer from another compression keeps the blob that is there.
  store.insert(image('b', { ...layer('1'), blob: { digest: digest('zstd'), size: 3 } }), record);
  store.insert(image('a', layer('1')), record);
  assert.deepEqual(placed, []);
  assertStored();
});

test('garbage is what neither an image nor a container refers to, and nobody holds', () => {
  const a = store.insert(image('a', layer('1'), layer('2')), nowhere);
  const b = store.insert(image('b', layer('1'), layer('3')), nowhere);
  const none = new Set<number>();
  assert.deepEqual(store.content.dropUnusedLayers(none), []);
  db.exec(`INSERT INTO containers VALUES ('c', 'c', '${b.id}', '', '', '{}', '', NULL, NULL);
    INSERT INTO container_layers VALUES ('c', 0, ${b.layers[1]})`);
  store.remove(a.id);
  assert.deepEqual(store.content.dropUnusedLayers(new Set([a.layers[1]!])), []);
  assert.deepEqual(
    store.content.dropUnusedLayers(none).map(({ id }) => id),
    [a.layers[1]],
  );
  assert.deepEqual(store.content.dropUnusedBlobs(new Set([layer('2').blob.digest])), []);
  assert.deepEqual(store.content.dropUnusedBlobs(new Set()), [layer('2').blob.digest]);
  store.remove(b.id);
  assert.deepEqual(
    store.content.dropUnusedLayers(none).map(({ chainId }) => chainId),
    [digest('1')],
  );
  assertStored();
  // Ids are not used again: a container may still stand on an old one.
  assert.ok(store.insert(image('c', layer('1')), nowhere).layers[0]! > b.layers[1]!);
});
