import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { dockerArchive, tar } from '../helpers/tar.js';

interface Usage {
  LayersSize: number;
  Images: { Id: string; Size: number; SharedSize: number; Containers: number; VirtualSize?: number }[] | null;
  Containers: { Id: string; SizeRw?: number; SizeRootFs?: number }[] | null;
  Volumes: { Name: string; UsageData: { RefCount: number; Size: number } }[] | null;
  BuildCache: unknown[] | null;
  BuilderSize?: number;
}

const engine = await Engine.open();
const images = new ImageLoader(engine.api);
after(async () => {
  await images.removeAll();
  await engine.close();
});

const df = (query = {}) => ok<Usage>(engine.api.get('/system/df', query), 200);
const prune = (path: string, filters: object) => engine.api.post(path, undefined, { filters: JSON.stringify(filters) });

/** Bytes of the files below a directory, each once, as du counts them. */
const du = (path: string) =>
  execFileSync('find', [path, '-type', 'f', '-printf', '%i %s\\n'], { encoding: 'utf8' })
    .split('\n')
    .filter((line, i, all) => line !== '' && all.indexOf(line) === i)
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);

test('images, containers and volumes, each as large as on disk', async () => {
  const base = [{ name: 'base', content: 'x'.repeat(10_000) }];
  for (const name of ['one', 'two']) {
    const tag = `${uniqueName(name)}:1`;
    await images.load(dockerArchive({ tag, layers: [base, [{ name, content: name.repeat(100) }]] }).archive, tag);
  }
  const Name = uniqueName('v');
  const script =
    'head -c 70000 /dev/zero > /x/f; ln /x/f /x/again; mkdir /x/d; head -c 500 /dev/zero > /x/d/g; head -c 3000 /dev/zero > /own';
  const id = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { Binds: [`${Name}:/x`] } });
  await engine.wait(id);
  const usage = await df();
  assert.deepEqual(usage.Volumes, [{ ...usage.Volumes![0]!, Name, UsageData: { RefCount: 1, Size: 70_500 } }]);
  const container = usage.Containers!.find(({ Id }) => Id === id)!;
  assert.equal(container.SizeRw, 3000);
  assert.equal(usage.Images!.length, 3);
  // Two of them share their lowest layer: it counts once.
  const shared = usage.Images!.map(({ SharedSize }) => SharedSize).sort((a, b) => a - b);
  const blob = tar(base).length; // kept beside what was unpacked from it
  assert.deepEqual(shared, engine.own ? [0, 10_000 + blob, 10_000 + blob] : [0, 10_000, 10_000]);
  assert.equal(usage.LayersSize, usage.Images!.reduce((sum, { Size }) => sum + Size, 0) - shared[2]!);
  assert.deepEqual(usage.BuildCache, []);
  if (engine.own) {
    const { dataRoot } = engine.daemon!;
    assert.equal(du(`${dataRoot}/volumes`), 70_500);
    const links = Number(
      execFileSync('sh', ['-c', `find ${dataRoot}/layers -type l -printf '%s\\n' | awk '{s+=$1} END {print s+0}'`], {
        encoding: 'utf8',
      }),
    );
    assert.equal(
      du(`${dataRoot}/layers`) + links + du(`${dataRoot}/blobs`) + du(`${dataRoot}/partial`),
      usage.LayersSize,
    );
  }
  await engine.remove(id);
  await ok(engine.api.delete(`/volumes/${Name}`), 204);
});

test('only what is asked for, and what older clients know', async () => {
  const volumes = await df({ type: 'volume' });
  assert.deepEqual([volumes.Images, volumes.Containers, volumes.Volumes, volumes.BuildCache], [null, null, [], null]);
  assert.equal(volumes.LayersSize, 0);
  const both = await ok<Usage>(engine.api.get('/system/df?type=image&type=container'));
  assert.ok(both.Images && both.Containers && !both.Volumes);
  await refused(engine.api.get('/system/df', { type: 'odd' }), 400, 'unknown object type: odd');
  const old = await ok<Usage>(engine.api.version('/v1.41').get('/system/df'));
  assert.equal(old.BuilderSize, 0);
  assert.equal(old.Images![0]!.VirtualSize, old.Images![0]!.Size);
});

test('images: those without a name, or all that no container is made of', async () => {
  const label = uniqueName('l');
  const make = async (tag?: string) => {
    const layers = [[{ name: uniqueName('f'), content: 'y'.repeat(1234) }]];
    const { archive, id } = dockerArchive({ tag, layers, config: { Labels: { [label]: '' } } });
    await images.attempt(archive);
    return id;
  };
  const [nameless, named, used] = [
    await make(),
    await make(`${uniqueName('i')}:1`),
    await make(`${uniqueName('i')}:1`),
  ];
  const container = await engine.create({ Image: used, Cmd: ['x'] });
  const before = (await df()).LayersSize;
  const first = await ok<{ ImagesDeleted: { Deleted?: string; Untagged?: string }[]; SpaceReclaimed: number }>(
    prune('/images/prune', { label: [label] }),
    200,
  );
  assert.ok(first.SpaceReclaimed >= 1234);
  assert.equal(first.SpaceReclaimed, before - (await df()).LayersSize);
  assert.ok(first.ImagesDeleted.some(({ Deleted }) => Deleted === nameless));
  const none = await ok<{ ImagesDeleted: null }>(
    prune('/images/prune', { label: [label], dangling: ['false'], until: ['2000-01-01T00:00:00Z'] }),
  );
  assert.equal(none.ImagesDeleted, null);
  const all = await ok<typeof first>(prune('/images/prune', { label: [label], dangling: ['false'] }));
  assert.ok(all.ImagesDeleted.some(({ Deleted }) => Deleted === named));
  assert.ok(all.ImagesDeleted.some(({ Untagged }) => Untagged !== undefined));
  assert.equal((await engine.api.get(`/images/${used}/json`)).status, 200);
  await engine.remove(container);
  await ok(engine.api.delete(`/images/${used}`, { force: true }));
  await refused(prune('/images/prune', { odd: ['x'] }), 400, "invalid filter 'odd'");
});

test('networks and the build cache have nothing to remove', async () => {
  assert.deepEqual(await ok(prune('/networks/prune', { label: ['nonesuch'] }), 200), { NetworksDeleted: null });
  await refused(prune('/networks/prune', { odd: ['x'] }), 400, "invalid filter 'odd'");
  assert.deepEqual(await ok(engine.api.post('/build/prune'), 200), { CachesDeleted: null, SpaceReclaimed: 0 });
});
