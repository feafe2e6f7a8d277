import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { type BuildQuery, type Built, build as buildWith, type ContextFiles } from '../helpers/build.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import type { TarEntry } from '../helpers/tar.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());
const root = engine.daemon!.dataRoot;

async function build(dockerfile: string, files: ContextFiles = {}, query: BuildQuery = {}): Promise<Built> {
  const built = await buildWith(engine.api, dockerfile, files, query);
  assert.equal(built.error, undefined, built.text);
  return built;
}

/** How the last step of a Dockerfile ended. */
const last = ({ steps }: Built): string => Object.values(steps).at(-1)!;

interface Change {
  dockerfile?: string;
  files?: TarEntry[];
  query?: BuildQuery;
}

/**
 * Builds something twice, so that it is known, and then with a change: the last step is the same or another, as it should be. The
 * step makes a random number, so that whoever says that it is the same has not made it anew.
 */
async function changes(what: string, base: Required<Change>, change: Change, wanted: 'cached' | 'done'): Promise<void> {
  await build(base.dockerfile, base.files, base.query);
  const again = await build(base.dockerfile, base.files, base.query);
  assert.equal(last(again), 'cached', `${what}: unchanged`);
  const other = { ...base, ...change };
  const changed = await build(other.dockerfile, other.files, other.query);
  assert.equal(last(changed), wanted, what);
  assert.equal(changed.id === again.id, wanted === 'cached', what);
}

describe('a step is the same as long as everything that goes into it is', () => {
  const files = (change: Partial<TarEntry> = {}): TarEntry[] => [
    { name: 'd/', type: '5' },
    { name: 'd/f', content: 'text', mode: 0o644, ...change },
    { name: 'd/l', type: '2', link: 'f' },
    { name: 'other', content: 'other' },
  ];

  test('COPY: content, names, modes, links, and what is not copied', async () => {
    const base = { dockerfile: 'FROM busybox\nCOPY d /d', files: files(), query: {} };
    const cases: [string, Change, 'cached' | 'done'][] = [
      ['content', { files: files({ content: 'Text' }) }, 'done'],
      ['mode', { files: files({ mode: 0o755 }) }, 'done'],
      ['a name', { files: files({ name: 'd/g' }) }, 'done'],
      ['another kind', { files: files({ type: '2', link: 'text', content: '' }) }, 'done'],
      ['one more file', { files: [...files(), { name: 'd/more', content: '' }] }, 'done'],
      ['a link', { files: files().map((entry) => (entry.type === '2' ? { ...entry, link: './f' } : entry)) }, 'done'],
      [
        'a mode of a directory',
        { files: files().map((entry) => (entry.type === '5' ? { ...entry, mode: 0o700 } : entry)) },
        'done',
      ],
      ['what is not copied', { files: [...files(), { name: 'unused', content: 'x' }] }, 'cached'],
      ['the destination', { dockerfile: 'FROM busybox\nCOPY d /e' }, 'done'],
      ['the owner', { dockerfile: 'FROM busybox\nCOPY --chown=1 d /d' }, 'done'],
      ['the mode of all', { dockerfile: 'FROM busybox\nCOPY --chmod=700 d /d' }, 'done'],
      ['an exclude of something', { dockerfile: 'FROM busybox\nCOPY --exclude=l d /d' }, 'done'],
      ['spaces', { dockerfile: 'FROM   busybox\n\n# words\nCOPY   d    /d' }, 'cached'],
      ['.dockerignore for it', { files: [...files(), { name: '.dockerignore', content: 'd/f' }] }, 'done'],
      ['.dockerignore for others', { files: [...files(), { name: '.dockerignore', content: 'other' }] }, 'cached'],
    ];
    for (const [what, change, wanted] of cases) await changes(`COPY: ${what}`, base, change, wanted);
  });

  test('times of files are nobody’s business', async () => {
    const dockerfile = 'FROM busybox\nRUN echo same >/f\nFROM busybox\nCOPY --from=0 /f /copy';
    const first = await build(dockerfile);
    // Made anew, at another time, with the same content.
    const anew = await build(dockerfile.replace('echo same', 'echo  same'));
    assert.equal(anew.steps['RUN echo  same >/f'], 'done');
    assert.equal(last(anew), 'cached');
    assert.equal(anew.id, first.id);
    const owner = await build(dockerfile.replace('>/f', '>/f; chown 5 /f'));
    assert.equal(last(owner), 'done');
  });

  test('RUN: text, arguments, environment, user, mounts, what it stands on', async () => {
    const dockerfile = 'FROM busybox\nARG A=1\nENV B=1\nUSER 1\nRUN --mount=type=bind,target=/m cat /m/d/f >/tmp/f';
    const base = { dockerfile, files: files(), query: {} };
    const as = (from: string, to: string) => ({ dockerfile: dockerfile.replace(from, to) });
    const cases: [string, Change, 'cached' | 'done'][] = [
      ['text', as('cat /m', 'cat  /m'), 'done'],
      ['an argument’s default', as('A=1', 'A=2'), 'done'],
      ['an argument’s value', { query: { buildargs: '{"A":"2"}' } }, 'done'],
      ['the same value, given', { query: { buildargs: '{"A":"1"}' } }, 'cached'],
      ['an argument that nobody has declared', { query: { buildargs: '{"X":"2"}' } }, 'cached'],
      ['a proxy', { query: { buildargs: '{"HTTP_PROXY":"p:1"}' } }, 'cached'],
      ['the environment', as('B=1', 'B=2'), 'done'],
      ['the user', as('USER 1', 'USER 2'), 'done'],
      ['what is mounted', { files: files({ content: 'Text' }) }, 'done'],
      ['what is mounted besides', { files: [...files(), { name: 'more', content: '' }] }, 'done'],
      ['where it is mounted', as('target=/m cat /m', 'target=/n cat /n'), 'done'],
      ['the network', as('RUN ', 'RUN --network=none '), 'done'],
      ['added hosts', { query: { extrahosts: '["a:1.2.3.4"]' } }, 'done'],
      ['memory', { query: { memory: 64 << 20 } }, 'cached'],
      ['a label of the request', { query: { labels: '{"a":"b"}' } }, 'done'],
    ];
    for (const [what, change, wanted] of cases) await changes(`RUN: ${what}`, base, change, wanted);
  });

  test('the image that all begins with, by everything that it is', async () => {
    const name = uniqueName('base');
    const dockerfile = `FROM ${name}\nRUN echo x >/f`;
    await build('FROM busybox\nLABEL a=1', {}, { t: name });
    await build(dockerfile);
    assert.equal(last(await build(dockerfile)), 'cached');
    // A parent that differs in its health check alone (CVE-2024-24557).
    await build('FROM busybox\nLABEL a=1\nHEALTHCHECK CMD true', {}, { t: name });
    assert.equal(last(await build(dockerfile)), 'done');
    await build('FROM busybox\nLABEL a=1', {}, { t: name });
    assert.equal(last(await build(dockerfile)), 'cached');
  });
});

describe('the cache', () => {
  test('is not asked where nobody wants it, and is renewed', async () => {
    const dockerfile = 'FROM busybox\nRUN head -c 8 /dev/urandom >/f';
    const first = await build(dockerfile);
    const anew = await build(dockerfile, {}, { nocache: 1 });
    assert.notEqual(anew.id, first.id);
    assert.equal((await build(dockerfile)).id, anew.id);
  });

  test('of an image that is named: its layers are taken where its history is the same', async () => {
    const dockerfile = 'FROM busybox\nARG A=1\nRUN head -c 8 /dev/urandom >/f\nCOPY x /x\nCMD ["a"]';
    const name = uniqueName('source');
    const source = await build(dockerfile, { x: '1' }, { t: name });
    await ok(engine.api.post('/build/prune', undefined, { all: 1 }));
    const without = await build(dockerfile, { x: '1' });
    assert.equal(without.steps['RUN head -c 8 /dev/urandom >/f'], 'done');
    await ok(engine.api.delete(`/images/${without.id}`));
    await ok(engine.api.post('/build/prune', undefined, { all: 1 }));
    const layers = async (id: string) =>
      (await ok<{ RootFS: { Layers: string[] } }>(engine.api.get(`/images/${id}/json`))).RootFS.Layers;
    const taken = await build(dockerfile, { x: '1' }, { cachefrom: JSON.stringify(['nosuch', name]) });
    assert.equal(taken.steps['RUN head -c 8 /dev/urandom >/f'], 'cached');
    assert.deepEqual(await layers(taken.id), await layers(source.id));
    await ok(engine.api.delete(`/images/${taken.id}`, { force: true }));
    await ok(engine.api.post('/build/prune', undefined, { all: 1 }));
    const changed = await build(dockerfile, { x: '2' }, { cachefrom: JSON.stringify([name]) });
    assert.deepEqual([changed.steps['RUN head -c 8 /dev/urandom >/f'], changed.steps['COPY x /x']], ['cached', 'done']);
  });

  test('survives the daemon, and its images those who remove others', async () => {
    const dockerfile = 'FROM busybox\nRUN head -c 8 /dev/urandom >/f\nCMD ["lasting"]';
    const { id } = await build(dockerfile);
    await engine.daemon!.restart();
    assert.equal((await build(dockerfile)).id, id);
    await ok(engine.api.delete(`/images/${id}`));
    const again = await build(dockerfile);
    assert.deepEqual(again.steps, {
      'FROM busybox': 'done',
      'RUN head -c 8 /dev/urandom >/f': 'cached',
      'CMD ["lasting"]': 'done',
    });
  });

  interface Item {
    ID: string;
    Type: string;
    Description: string;
    InUse: boolean;
    Shared: boolean;
    Size: number;
  }
  const usage = async () =>
    (await ok<{ BuildCache: Item[] }>(engine.api.get('/system/df', { type: 'build-cache' }))).BuildCache;
  const prune = (query: BuildQuery = {}) =>
    ok<{ CachesDeleted: string[] | null; SpaceReclaimed: number }>(
      engine.api.post('/build/prune', undefined, query as never),
    );

  test('is shown and emptied, by filters too', async () => {
    await prune({ all: 1 });
    assert.deepEqual(await usage(), []);
    const { id } = await build(
      'FROM busybox\nRUN head -c 100000 /dev/urandom >/one\nRUN --mount=type=cache,target=/c head -c 5000 /dev/urandom >/c/f',
    );
    const items = await usage();
    const one = items.find(({ Description }) => Description.includes('>/one'))!;
    assert.deepEqual([one.Type, one.InUse, one.Shared], ['regular', false, true]);
    const mount = items.find(({ Type }) => Type === 'exec.cachemount')!;
    assert.equal(mount.Size, 5000);
    assert.match(mount.Description, /cached mount \/c/);
    // What an image has stays, unless all is to go.
    assert.deepEqual((await prune({ filters: '{"type":["regular"]}' })).CachesDeleted, null);
    await ok(engine.api.delete(`/images/${id}`));
    assert.deepEqual((await prune({ filters: '{"until":["1h"]}' })).CachesDeleted, null);
    const { CachesDeleted, SpaceReclaimed } = await prune({ filters: JSON.stringify({ id: [one.ID] }) });
    assert.deepEqual(CachesDeleted, [one.ID]);
    assert.ok(SpaceReclaimed > 200_000, String(SpaceReclaimed)); // the layer, and what it was packed as
    const rest = await prune();
    assert.ok(rest.CachesDeleted?.includes(mount.ID));
    assert.deepEqual(await usage(), []);
    assert.deepEqual(readdirSync(join(root, 'build', 'mounts')), []);
    const all = await ok<unknown[]>(engine.api.get('/images/json', { all: 1 }));
    assert.equal(all.length, (await ok<unknown[]>(engine.api.get('/images/json'))).length);
    await refused(
      engine.api.post('/build/prune', undefined, { filters: '{"foo":["x"]}' }),
      400,
      "invalid filter 'foo'",
    );
  });

  test('what a build uses stays', async () => {
    await prune({ all: 1 });
    const started =
      'FROM busybox\nRUN echo kept >/f\nRUN --mount=type=cache,id=gate,target=/g touch /g/here; while [ ! -e /g/go ]; do :; done; cat /f';
    const building = build(started);
    const mounts = join(root, 'build', 'mounts');
    const gate = () =>
      (existsSync(mounts) ? readdirSync(mounts) : []).find((name) => existsSync(join(mounts, name, 'data', 'here')));
    await until('the command', () => gate() !== undefined);
    await prune({ all: 1 });
    const items = await usage();
    assert.ok(items.some(({ Type, InUse }) => Type === 'exec.cachemount' && InUse));
    assert.ok(items.some(({ Description, InUse }) => Description.includes('kept') && InUse));
    writeFileSync(join(mounts, gate()!, 'data', 'go'), '');
    assert.match((await building).text, /kept\n/);
  });

  test('many builds of the same at once, while others prune', async () => {
    const dockerfile =
      'FROM busybox AS a\nRUN echo 1 >/1\nCOPY f /f\nFROM busybox\nCOPY --from=a /f /g\nRUN echo 2 >/2';
    const builds = Array.from({ length: 8 }, (_, i) =>
      build(dockerfile, { f: 'x' }, { t: uniqueName('many'), nocache: i % 3 === 0 ? 1 : 0 }),
    );
    const prunes = Array.from({ length: 4 }, (_, i) =>
      ok(engine.api.post(i % 2 === 0 ? '/images/prune' : '/build/prune', undefined, i % 2 === 0 ? {} : { all: 1 })),
    );
    const [built] = await Promise.all([Promise.all(builds), Promise.all(prunes)]);
    for (const { id } of built) assert.equal((await engine.api.get(`/images/${id}/json`)).status, 200);
    const { stdout } = await engine.run(['cat', '/g', '/2'], { Image: built.at(-1)!.id });
    assert.equal(stdout, 'x2\n');
    for (const id of new Set(built.map((one) => one.id))) await ok(engine.api.delete(`/images/${id}`, { force: true }));
    await prune({ all: 1 });
    assert.deepEqual(await usage(), []);
    assert.deepEqual(readdirSync(join(root, 'ingest')), []);
  });
});
