import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import type { Event } from '../helpers/types.js';
import { until } from '../helpers/until.js';

interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  UsageData?: { RefCount: number; Size: number };
}
interface Mount {
  Type: string;
  Name?: string;
  Source: string;
  Destination: string;
  RW: boolean;
  Mode: string;
}

const engine = await Engine.open();
const made = new Set<string>();
after(async () => {
  for (const name of made) await engine.api.delete(`/volumes/${name}`, { force: true });
  await engine.close();
});

const create = (body: Record<string, unknown> = {}) => ok<Volume>(engine.api.post('/volumes/create', body), 201);
/** A name that is removed at the end. */
const named = () => {
  const name = uniqueName('v');
  made.add(name);
  return name;
};
const volume = (name: string) => ok<Volume>(engine.api.get(`/volumes/${name}`), 200);
const names = async (filters: Record<string, string[]> = {}) =>
  (await ok<{ Volumes: Volume[] }>(engine.api.get('/volumes', { filters: JSON.stringify(filters) }))).Volumes.map(
    ({ Name }) => Name,
  );
const there = async (name: string) => (await engine.api.get(`/volumes/${name}`)).status === 200;
const mountsOf = async (id: string) => (await engine.inspect(id)).Mounts as Mount[];
const sh = async (script: string, config: Record<string, unknown> = {}) => {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], config);
  assert.equal(exitCode, 0, stderr);
  return stdout;
};

describe('the volumes themselves', () => {
  test('create, the same again, inspect, remove', async () => {
    const Name = named();
    const first = await create({ Name, Labels: { a: 'b' } });
    assert.deepEqual([first.Name, first.Driver, first.Labels, first.Options], [Name, 'local', { a: 'b' }, null]);
    assert.deepEqual(await create({ Name, Labels: { other: '' } }), first);
    assert.deepEqual(await volume(Name), first);
    if (engine.own) assert.ok(existsSync(first.Mountpoint));
    await ok(engine.api.delete(`/volumes/${Name}`), 204);
    await refused(engine.api.get(`/volumes/${Name}`), 404, `get ${Name}: no such volume`);
    await refused(engine.api.delete(`/volumes/${Name}`), 404, `get ${Name}: no such volume`);
    await ok(engine.api.delete(`/volumes/${Name}`, { force: true }), 204);
    if (engine.own) assert.ok(!existsSync(first.Mountpoint));
  });

  test('a name is made up where none is given, also without a body', async () => {
    for (const made of [await create(), await ok<Volume>(engine.api.post('/volumes/create'), 201)]) {
      assert.match(made.Name, /^[0-9a-f]{64}$/);
      assert.deepEqual(made.Labels, { 'com.docker.volume.anonymous': '' });
      await ok(engine.api.delete(`/volumes/${made.Name}`), 204);
    }
  });

  test('what is refused, in Docker’s words', async () => {
    const post = (body: object) => engine.api.post('/volumes/create', body);
    const name = named();
    await refused(post({ Name: 'a' }), 400, /^create a: volume name is too short/);
    for (const bad of ['a/b', '../x', '-x', 'a b', '.x', 'a\n']) {
      await refused(post({ Name: bad }), 400, /includes invalid characters for a local volume name/);
    }
    await refused(post({ Name: name, DriverOpts: { foo: 'x' } }), 400, `create ${name}: invalid option: "foo"`);
    const missing = `create ${name}: missing required option: "device"`;
    await refused(post({ Name: name, DriverOpts: { type: 'tmpfs' } }), 400, missing);
    if (engine.own) await refused(post({ Name: name, Driver: 'odd' }), 404, /plugin "odd" not found$/);
    await refused(post({ Name: 5 }), 400, /./);
    assert.equal(await there(name), false);
  });

  test('list: every filter', async () => {
    const [one, two] = [named(), named()];
    await create({ Name: one, Labels: { app: 'web' } });
    await create({ Name: two });
    const id = await engine.create({ HostConfig: { Binds: [`${one}:/x`] } });
    assert.deepEqual(await names({ name: [one] }), [one]);
    assert.deepEqual(await names({ label: ['app=web'] }), [one]);
    assert.deepEqual((await names({ driver: ['local'], name: ['^tdt-v-'] })).sort(), [one, two].sort());
    assert.deepEqual(await names({ driver: ['other'] }), []);
    assert.deepEqual(await names({ dangling: ['true'], name: ['tdt-v'] }), [two]);
    assert.deepEqual(await names({ dangling: ['false'], name: ['tdt-v'] }), [one]);
    const get = (filters: object) => engine.api.get('/volumes', { filters: JSON.stringify(filters) });
    await refused(get({ dangling: ['odd'] }), 400, "invalid filter 'dangling=[odd]'");
    await refused(get({ odd: ['x'] }), 400, "invalid filter 'odd'");
    await engine.remove(id);
  });

  test('one in use stays, also when it is forced', async () => {
    const Name = named();
    const id = await engine.create({ HostConfig: { Binds: [`${Name}:/x`] } });
    const sentence = `remove ${Name}: volume is in use - [${id}]`;
    await refused(engine.api.delete(`/volumes/${Name}`), 409, sentence);
    await refused(engine.api.delete(`/volumes/${Name}`, { force: true }), 409, sentence);
    await engine.remove(id);
    await ok(engine.api.delete(`/volumes/${Name}`), 204);
  });

  test('prune: those without a name, or all, by label; old clients mean all', async () => {
    const label = uniqueName('l');
    const one = (await create({ Labels: { [label]: '' } })).Name;
    const two = named();
    await create({ Name: two, Labels: { [label]: '', keep: '' } });
    const prune = (api: typeof engine.api, filters: object) =>
      ok<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }>(
        api.post('/volumes/prune', undefined, { filters: JSON.stringify(filters) }),
        200,
      );
    await sh('head -c 5000 /dev/zero > /x/f', { HostConfig: { Binds: [`${one}:/x`] } });
    const pruned = await prune(engine.api, { label: [label] });
    assert.deepEqual([pruned.VolumesDeleted, pruned.SpaceReclaimed], [[one], 5000]);
    assert.equal((await prune(engine.api, { label: [label], all: ['true'], 'label!': ['keep'] })).VolumesDeleted, null);
    assert.deepEqual((await prune(engine.api.version('/v1.41'), { label: [label] })).VolumesDeleted, [two]);
    const odd = { filters: JSON.stringify({ all: ['odd'] }) };
    await refused(engine.api.post('/volumes/prune', undefined, odd), 400, /^invalid filter 'all'/);
  });
});

describe('volumes of containers', () => {
  test('a name in -v makes a volume that outlives them and is shared', async () => {
    const Name = named();
    const HostConfig = { Binds: [`${Name}:/data`] };
    await sh('echo one > /data/f', { HostConfig });
    assert.equal(await sh('cat /data/f; echo two >> /data/f', { HostConfig }), 'one\n');
    const readOnly = { HostConfig: { Binds: [`${Name}:/data:ro`] } };
    assert.match(await sh('echo x 2>&1 > /data/f; cat /data/f', readOnly), /one\ntwo\n$/);
    const mount = { Type: 'volume', Source: Name, Target: '/m' };
    assert.equal(await sh('cat /m/f', { HostConfig: { Mounts: [mount] } }), 'one\ntwo\n');
    assert.ok(await there(Name));
  });

  test('Mounts in inspect and list, and the filter for them', async () => {
    const Name = named();
    const config = { Volumes: { '/anon': {} }, HostConfig: { Binds: [`${Name}:/data:ro`] } };
    const id = await engine.create(config);
    const mounts = await mountsOf(id);
    const [data, anon] = ['/data', '/anon'].map((path) => mounts.find(({ Destination }) => Destination === path)!);
    assert.deepEqual({ ...data }, {
      Type: 'volume',
      Name,
      Source: (await volume(Name)).Mountpoint,
      Destination: '/data',
      Driver: 'local',
      Mode: 'ro',
      RW: false,
      Propagation: '',
    } as Mount);
    assert.match(anon!.Name!, /^[0-9a-f]{64}$/);
    for (const wanted of [Name, '/data']) {
      const filters = JSON.stringify({ volume: [wanted] });
      const list = await ok<{ Id: string; Mounts: Mount[] }[]>(engine.api.get('/containers/json', { all: 1, filters }));
      assert.deepEqual(
        list.map(({ Id }) => Id),
        [id],
      );
      assert.equal(list[0]!.Mounts.length, 2);
    }
    await ok(engine.api.delete(`/containers/${id}`, { v: true }), 204);
    assert.equal(await there(anon!.Name!), false);
    assert.ok(await there(Name));
  });

  test('volumes without a name go with rm -v and --rm, and stay otherwise', async () => {
    const config = { Cmd: ['true'], Volumes: { '/a': {} } };
    const nameOf = async (id: string) => (await mountsOf(id))[0]!.Name!;
    const [kept, removed] = [await engine.create(config), await engine.create(config)];
    const [keptName, removedName] = [await nameOf(kept), await nameOf(removed)];
    made.add(keptName);
    await ok(engine.api.delete(`/containers/${kept}`), 204);
    await ok(engine.api.delete(`/containers/${removed}`, { v: true }), 204);
    assert.deepEqual([await there(keptName), await there(removedName)], [true, false]);
    const named1 = named();
    const rm = await engine.create({ ...config, HostConfig: { AutoRemove: true, Binds: [`${named1}:/n`] } });
    const rmName = (await mountsOf(rm)).find(({ Destination }) => Destination === '/a')!.Name!;
    const gone = engine.wait(rm, 'removed');
    await engine.start(rm);
    await gone;
    assert.deepEqual([await there(rmName), await there(named1)], [false, true]);
  });

  test('--volumes-from: what others have, read-only, of several, of those that never ran', async () => {
    const Name = named();
    const first = await engine.create({ Volumes: { '/anon': {} }, HostConfig: { Binds: [`${Name}:/data`] } });
    const anon = (await mountsOf(first)).find(({ Destination }) => Destination === '/anon')!.Name!;
    const second = await engine.create({ HostConfig: { VolumesFrom: [`${first}:ro`] } });
    assert.deepEqual(
      (await mountsOf(second)).map((m) => [m.Name, m.Destination, m.RW]).sort(),
      [
        [Name, '/data', false],
        [anon, '/anon', false],
      ].sort(),
    );
    assert.equal(
      await sh('echo hi > /data/f; touch /anon/x; ls /anon', { HostConfig: { VolumesFrom: [first] } }),
      'x\n',
    );
    // It is not gone as long as another has it.
    await ok(engine.api.delete(`/containers/${first}`, { v: true }), 204);
    assert.ok(await there(anon));
    await ok(engine.api.delete(`/containers/${second}`, { v: true }), 204);
    assert.equal(await there(anon), false);
    const post = (VolumesFrom: string[]) =>
      engine.api.post('/containers/create', { Image: engine.image, HostConfig: { VolumesFrom } });
    await refused(post(['nonesuch']), 400, 'No such container: nonesuch');
    await refused(post([`${engine.image}:odd`]), 400, /invalid mode/);
  });

  test('a container that cannot be made leaves no volume', async () => {
    const before = await names();
    const name = uniqueName();
    await engine.create({}, name);
    const body = { Image: engine.image, Volumes: { '/a': {} }, HostConfig: { Binds: ['tdt-nothing:/b'] } };
    await refused(engine.api.post('/containers/create', body, { name }), 409, /is already in use/);
    assert.deepEqual((await names()).sort(), before.sort());
  });

  test('events tell of each step, as dockerd orders them', async () => {
    const Name = named();
    const since = Date.now() / 1000;
    const id = await engine.create({ Cmd: ['true'], HostConfig: { Binds: [`${Name}:/x:ro`] } });
    await engine.start(id);
    await engine.wait(id);
    await engine.remove(id);
    await ok(engine.api.delete(`/volumes/${Name}`), 204);
    const reply = await engine.api.get('/events', { since, until: Date.now() / 1000 + 1 });
    const events = reply.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    const mine = events.filter(({ Actor }) => Actor.ID === Name || Actor.ID === id);
    assert.deepEqual(
      mine.filter(({ Action }) => Action !== 'attach').map(({ Type, Action }) => `${Type} ${Action}`),
      [
        ...['volume create', 'container create', 'volume mount', 'container start', 'volume unmount'],
        ...['container die', 'container destroy', 'volume destroy'],
      ],
    );
    const attributes = Object.fromEntries(mine.map(({ Action, Actor }) => [Action, Actor.Attributes]));
    assert.deepEqual(mine.find(({ Action }) => Action === 'mount')!.Actor.Attributes, {
      ...{ driver: 'local', container: id, destination: '/x', 'read/write': 'false', propagation: '' },
    });
    assert.deepEqual(attributes.unmount, { driver: 'local', container: id });
  });
});

test('a volume on /etc has the engine’s files too', async () => {
  const Name = named();
  const config = { Hostname: 'box', HostConfig: { Binds: [`${Name}:/etc`], Init: true } };
  assert.match(
    await sh('cat /etc/hostname; grep -q localhost /etc/hosts; test -f /etc/resolv.conf; ls /etc', config),
    /^box\n.*passwd/s,
  );
});

test('only cluster volumes, which there are none of, can be changed', async () => {
  const sentence = 'volume update only valid for cluster volumes, but swarm is unavailable';
  await refused(engine.api.call('PUT', '/volumes/x', { query: { version: 1 }, body: {} }), 503, sentence);
});

describe('volumes with options', () => {
  test('a directory of the host', async () => {
    if (!engine.own) return; // the reference sees another host
    const device = join(engine.daemon!.home, 'device');
    mkdirSync(device);
    writeFileSync(join(device, 'f'), 'host\n');
    const Name = named();
    await create({ Name, DriverOpts: { type: 'none', o: 'bind', device } });
    const HostConfig = { Binds: [`${Name}:/x`] };
    assert.equal(await sh('cat /x/f; echo more > /x/g', { HostConfig }), 'host\n');
    assert.ok(existsSync(join(device, 'g')));
    await ok(engine.api.delete(`/volumes/${Name}`), 204);
    assert.equal(statSync(join(device, 'f')).size, 5);
    const gone = named();
    await create({ Name: gone, DriverOpts: { type: 'none', o: 'bind', device: '/no/such/thing' } });
    const id = await engine.api.post('/containers/create', {
      Image: engine.image,
      HostConfig: { Binds: [`${gone}:/x`] },
    });
    assert.match(id.message, /failed to mount local volume: mount \/no\/such\/thing:.*: no such file or directory$/);
  });

  test('a file system that all containers share, as long as one of them runs', async () => {
    const Name = named();
    await create({ Name, DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' } });
    const HostConfig = { Binds: [`${Name}:/x`] };
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig });
    assert.match(
      await sh('grep " /x " /proc/mounts; touch /x/f', { HostConfig }),
      /^tmpfs \/x tmpfs .*size=1024k.*mode=700/,
    );
    assert.equal(await sh('ls /x', { HostConfig }), 'f\n');
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    await engine.wait(id);
    assert.equal(await sh('ls /x', { HostConfig }), '');
    await engine.remove(id);
    if (engine.own) {
      const { Mountpoint } = await volume(Name);
      const mounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(Mountpoint);
      await until('the mount is gone', () => !mounted());
    }
    await ok(engine.api.delete(`/volumes/${Name}`), 204);
  });

  test('one that the kernel cannot mount says why', async () => {
    const Name = named();
    await create({ Name, DriverOpts: { type: 'nonesuch', device: 'x' } });
    const mount = { Type: 'volume', Source: Name, Target: '/x', VolumeOptions: { NoCopy: true } };
    const id = await engine.create({ Cmd: ['true'], HostConfig: { Mounts: [mount] } });
    await refused(
      engine.api.post(`/containers/${id}/start`),
      500,
      /error while mounting volume '.*_data'.*no such device/i,
    );
    await engine.remove(id);
  });
});
