import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { LayerStore } from '../../image/layers.js';
import { PartialBlobs } from '../../image/partial.js';
import {
  configFor,
  digestOf,
  dockerEntries,
  type Entry,
  inPieces,
  makeScratch,
  makeTar,
  ociEntries,
  type Scratch,
} from '../../image/test-archives.js';
import { ContainerStore } from '../../store/containers.js';
import { type Db, openDatabase } from '../../store/database.js';
import { ImageStore } from '../../store/images.js';
import { EventBus } from '../events.js';
import { collectContent } from './collect.js';
import { imageHistory } from './history.js';
import { inspectImage } from './inspect.js';
import { listImages } from './list.js';
import { type LoadMessage, loadImages } from './load.js';
import { removeImage } from './remove.js';
import { restoreImages } from './restore.js';
import { tagImage } from './tag.js';

/* The use cases of images on a data root of their own, with the real td-layer, which needs root. */

const base = await makeTar([[{ name: 'etc/os' }, 'one']]);
const top = await makeTar([
  [{ name: 'etc/os' }, 'two!'],
  [{ name: '.wh.gone' }, ''],
]);
const second = '2020-05-05T05:05:05Z';
const configs = {
  base: configFor([base], { created: '2020-01-01T00:00:00Z', history: [{ created_by: 'make base' }] }),
  top: configFor([base, top], {
    created: second,
    config: { Labels: { a: 'b' }, ExposedPorts: { '80/tcp': {} } },
    history: [
      { created_by: 'make base' },
      { created_by: 'ENV', empty_layer: true },
      { created: second, created_by: 'make top', comment: 'last' },
    ],
  }),
};

let scratch: Scratch;
let db: Db;
let deps: Awaited<ReturnType<typeof openDeps>>;

async function openDeps() {
  const imagesDir = join(scratch.root, 'shipped');
  const made = {
    config: { imagesDir } as never,
    paths: scratch as never,
    log: pino({ level: 'silent' }),
    events: new EventBus(),
    containers: new ContainerStore(db),
    images: new ImageStore(db),
    layers: new LayerStore(scratch),
    partial: new PartialBlobs({ partial: join(scratch.root, 'partial') }),
  };
  await restoreImages(made);
  return made;
}

beforeEach(async () => {
  scratch = makeScratch();
  db = openDatabase(join(scratch.root, 'db'));
  deps = await openDeps();
});

/** What is on disk is what the store knows, and nothing else. */
afterEach(async () => {
  await deps.layers.emptied();
  const { content } = deps.images;
  assert.deepEqual(
    readdirSync(scratch.layers).sort(),
    content
      .layers()
      .map(({ id }) => String(id))
      .sort(),
  );
  assert.deepEqual(
    readdirSync(scratch.blobs).sort(),
    content
      .blobs()
      .map((digest) => digest.slice(7))
      .sort(),
  );
  assert.deepEqual(readdirSync(scratch.ingest), []);
  assert.deepEqual(readdirSync(scratch.trash), []);
  db.close();
  scratch.remove();
});

async function load(entries: readonly Entry[]): Promise<LoadMessage[]> {
  const messages: LoadMessage[] = [];
  await loadImages(deps, inPieces(await makeTar(entries)), (message) => messages.push(message));
  return messages;
}
const loadBase = (tags = ['base:1']) => load(dockerEntries(configs.base, [base], tags));
const loadTop = (tags = ['top:1']) => load(dockerEntries(configs.top, [base, top], tags));
const actions = () => deps.events.history().map(({ Action, Actor }) => `${Action} ${Actor.Attributes.name}`);
const short = (text: string) => digestOf(text).slice(7, 19);

function addContainer(image: string, status: 'exited' | 'running' = 'exited'): string {
  const record = deps.images.resolve(image)!;
  const id = 'c'.repeat(64);
  deps.containers.insert({
    id,
    name: 'c',
    imageId: record.id,
    image,
    createdAt: second,
    config: { Image: image } as never,
    hostConfig: {} as never,
    state: { status } as never,
    layers: record.layers,
  });
  return id;
}

test('an image that is loaded has its files, its name and its events', async () => {
  const messages = await loadTop();
  assert.deepEqual(
    messages.flatMap((message) => ('stream' in message ? message.stream : [])),
    ['Loaded image: top:1\n'],
  );
  const image = deps.images.resolve('top:1')!;
  assert.equal(image.id, digestOf(configs.top));
  assert.equal(readFileSync(join(deps.layers.path(image.layers[1]!), 'etc/os'), 'utf8'), 'two!');
  assert.equal(deps.images.configText(image.id), configs.top);
  assert.deepEqual(actions(), [`load ${image.id}`]);
  assert.deepEqual(readFileSync(scratch.blob(digestOf(base))), base);
});

test('layers are shared, whatever they were compressed with', async () => {
  await loadBase();
  const blobs = [gzipSync(base), gzipSync(top)];
  await load(ociEntries(configs.top, blobs, 'top:1', '+gzip'));
  const [a, b] = [deps.images.resolve('base:1')!, deps.images.resolve('top:1')!];
  assert.equal(b.layers[0], a.layers[0]);
  assert.deepEqual(
    readdirSync(scratch.blobs).sort(),
    [digestOf(base), digestOf(blobs[1]!)].map((d) => d.slice(7)).sort(),
  );
});

test('loads at the same time of the same image make one', async () => {
  await Promise.all([loadTop(['a:1']), loadTop(['b:1']), loadBase()]);
  assert.equal(deps.images.list().length, 2);
  assert.deepEqual(inspectImage(deps, 'a:1').RepoTags, ['a:1', 'b:1']);
  assert.equal(deps.images.content.layers().length, 2);
});

test('a layer that is not what the configuration says, a broken one, and what can be loaded beside it', async () => {
  const wrong = dockerEntries(configs.top, [base, base]);
  await assert.rejects(load(wrong), { kind: 'invalid', message: /^layer sha256:.* has the digest sha256:.*corrupt$/ });
  const evil = await makeTar([[{ name: '../../evil' }, 'x']]);
  await assert.rejects(load(dockerEntries(configFor([evil]), [evil])), {
    kind: 'invalid',
    message: /^layer sha256:[0-9a-f]{64}: entry "..\/..\/evil" leads out of the layer$/,
  });
  assert.deepEqual(deps.images.list(), []);
  assert.ok(!existsSync(join(scratch.root, 'evil')));
  await loadTop();
});

test('a name that another image had: it keeps its id only', async () => {
  await loadBase(['x:1']);
  const messages = await loadTop(['x:1']);
  const [renamed] = messages.filter((message) => 'stream' in message);
  const stream = `The image x:1 already exists, renaming the old one with ID ${digestOf(configs.base)} to empty string\n`;
  assert.deepEqual(renamed, { stream });
  assert.deepEqual(
    listImages(deps, { filters: '{"dangling":["true"]}' }).map(({ Id }) => Id),
    [digestOf(configs.base)],
  );
});

test('an image goes with its last name, and its layers with the last image', async () => {
  await loadBase();
  await loadTop(['top:1', 'top:2']);
  assert.deepEqual(removeImage(deps, 'top:2', {}), [{ Untagged: 'top:2' }]);
  assert.deepEqual(removeImage(deps, 'top:1', {}), [
    { Untagged: 'top:1' },
    { Deleted: digestOf(configs.top) },
    { Deleted: digestOf(`${digestOf(base)} ${digestOf(top)}`) },
  ]);
  assert.deepEqual(removeImage(deps, digestOf(configs.base), {}), [
    { Untagged: 'base:1' },
    { Deleted: digestOf(configs.base) },
    { Deleted: digestOf(base) },
  ]);
  assert.throws(() => removeImage(deps, 'base:1', {}), { kind: 'not-found', message: 'No such image: base:1' });
});

test('by id, several names need force', async () => {
  await loadBase(['a:1', 'b:1']);
  const id = digestOf(configs.base);
  assert.throws(() => removeImage(deps, id.slice(7, 20), {}), {
    kind: 'conflict',
    message:
      `conflict: unable to delete ${short(configs.base)} (must be forced) - ` +
      'image is referenced in multiple repositories',
  });
  assert.deepEqual(removeImage(deps, id, { force: true }).slice(0, 3), [
    { Untagged: 'a:1' },
    { Untagged: 'b:1' },
    { Deleted: id },
  ]);
});

test('a stopped container stands in the way, a running one also of force; its layers stay with it', async () => {
  await loadBase();
  const id = digestOf(configs.base);
  const container = addContainer('base:1');
  assert.throws(() => removeImage(deps, 'base:1', {}), {
    message:
      'conflict: unable to remove repository reference "base:1" (must force) - ' +
      `container cccccccccccc is using its referenced image ${short(configs.base)}`,
  });
  const stopped = `conflict: unable to delete ${short(configs.base)} (must be forced) - image is being used by stopped container cccccccccccc`;
  assert.throws(() => removeImage(deps, id, {}), { message: stopped });
  deps.containers.setState(container, { status: 'running' });
  const running = `conflict: unable to delete ${short(configs.base)} (cannot be forced) - image is being used by running container cccccccccccc`;
  assert.throws(() => removeImage(deps, id, { force: true }), { message: running });
  assert.deepEqual(removeImage(deps, 'base:1', { force: true }), [{ Untagged: 'base:1' }]);
  deps.containers.setState(container, { status: 'exited' });
  const [layer] = deps.images.get(id)!.layers;
  assert.deepEqual(removeImage(deps, id, { force: true }), [{ Deleted: id }]);
  assert.ok(existsSync(join(deps.layers.path(layer!), 'etc/os')));
  deps.containers.remove(container);
  assert.deepEqual(
    collectContent(deps).map((dropped) => dropped.id),
    [layer],
  );
});

test('an image that is removed while another that needs its layers is being loaded', async () => {
  await loadBase();
  const loading = loadTop();
  while (readdirSync(scratch.ingest).length === 0) await new Promise((resolve) => setImmediate(resolve));
  removeImage(deps, 'base:1', {});
  await loading;
  const { layers } = deps.images.resolve('top:1')!;
  assert.equal(readFileSync(join(deps.layers.path(layers[0]!), 'etc/os'), 'utf8'), 'one');
});

test('names are given with their rules', async () => {
  await loadBase();
  tagImage(deps, 'base:1', { repo: 'x.example/y', tag: '2' });
  tagImage(deps, 'base:1', { repo: 'z:1' });
  assert.deepEqual(inspectImage(deps, 'z:1').RepoTags, ['base:1', 'z:1', 'x.example/y:2']);
  assert.deepEqual(actions().slice(1), ['tag x.example/y:2', 'tag z:1']);
  const refuse = (repo: string, tag: string, message: string | RegExp) =>
    assert.throws(() => tagImage(deps, 'base:1', { repo, tag }), { kind: 'invalid', message });
  refuse('x', 'a/b', 'invalid tag format');
  refuse('sha256', '', 'refusing to create an ambiguous tag using digest algorithm as name');
  refuse(`x@${digestOf('')}`, '', 'cannot import digest reference');
  refuse('X', '', /must be lowercase$/);
  refuse('', 'x', /^repository name/);
  assert.throws(() => tagImage(deps, 'none', { repo: 'x' }), { message: 'No such image: none:latest' });
});

test('what list, inspect and history tell', async () => {
  await loadBase();
  await loadTop();
  addContainer('base:1');
  const [first, last] = listImages(deps, { sharedSize: true });
  assert.deepEqual([first!.RepoTags, first!.Size, first!.SharedSize, first!.Labels], [['top:1'], 7, 3, { a: 'b' }]);
  assert.deepEqual([last!.RepoTags, last!.Containers, last!.SharedSize], [['base:1'], 1, 3]);
  const names = (filters: object) => listImages(deps, { filters: JSON.stringify(filters) }).flatMap((i) => i.RepoTags);
  assert.deepEqual(names({ since: ['base:1'] }), ['top:1']);
  assert.deepEqual(names({ before: ['top:1'] }), ['base:1']);
  assert.deepEqual(names({ until: ['2020-03-01T00:00:00Z'] }), ['base:1']);
  assert.deepEqual(names({ label: ['a=b'] }), ['top:1']);
  assert.deepEqual(names({ reference: ['b*'] }), ['base:1']);
  assert.deepEqual(names({ reference: ['top'], dangling: ['false'] }), ['top:1']);
  assert.throws(() => names({ since: ['none'] }), { kind: 'not-found' });

  const inspected = inspectImage(deps, 'top:1');
  assert.deepEqual(inspected.RootFS.Layers, [digestOf(base), digestOf(top)]);
  assert.deepEqual(inspected.Config?.ExposedPorts, { '80/tcp': {} });
  assert.equal(inspected.Comment, 'last');
  const [lower, upper] = deps.images.resolve('top:1')!.layers.map((id) => deps.layers.path(id));
  assert.deepEqual(inspected.GraphDriver.Data, { LowerDir: lower, UpperDir: upper });
  assert.deepEqual(
    imageHistory(deps, 'top:1').map((step) => [step.Id.slice(0, 7), step.CreatedBy, step.Size, step.Tags]),
    [
      ['sha256:', 'make top', 4, ['top:1']],
      ['<missin', 'ENV', 0, null],
      ['<missin', 'make base', 3, null],
    ],
  );
});

test('a daemon that starts again takes away what has no row, and goes on with what has', async () => {
  await loadTop();
  for (const stray of [scratch.layer(99), join(scratch.ingest, 'layer-x'), join(scratch.trash, 'y')]) {
    mkdirSync(join(stray, 'sub'), { recursive: true });
  }
  writeFileSync(join(scratch.blobs, 'f'.repeat(64)), '');
  deps = await openDeps();
  assert.equal(deps.images.resolve('top:1')!.id, digestOf(configs.top));
});

test('an empty store is filled with what ships, once; a broken archive is no reason to stop', async () => {
  mkdirSync(join(scratch.root, 'shipped'));
  writeFileSync(join(scratch.root, 'shipped', 'a.tar'), 'broken');
  writeFileSync(join(scratch.root, 'shipped', 'b.tar'), await makeTar(dockerEntries(configs.base, [base], ['base:1'])));
  deps = await openDeps();
  assert.deepEqual(
    deps.images.list().flatMap(({ tags }) => tags),
    ['docker.io/library/base:1'],
  );
  tagImage(deps, 'base:1', { repo: 'mine' });
  removeImage(deps, 'base:1', {});
  deps = await openDeps();
  assert.deepEqual(
    deps.images.list().flatMap(({ tags }) => tags),
    ['docker.io/library/mine:latest'],
  );
});
