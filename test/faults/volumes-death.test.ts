import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import type { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { until } from '../helpers/until.js';

/* Volumes while the daemon is killed: rows and directories belong together again, and no data is lost. */

const engine = await Engine.open();
const daemon = engine.daemon as TestDaemon;
after(() => engine.close());

const directory = join(daemon.dataRoot, 'volumes');
const rows = async () =>
  (await ok<{ Volumes: { Name: string }[] }>(engine.api.get('/volumes'))).Volumes.map(({ Name }) => Name).sort();
const onDisk = () => readdirSync(directory).sort();

async function die(meanwhile: () => unknown = () => {}): Promise<void> {
  await daemon.kill9();
  await meanwhile();
  await daemon.launch();
}

/** No row without a directory, no directory without a row. */
async function consistent(): Promise<void> {
  assert.deepEqual(await rows(), onDisk());
  for (const name of onDisk()) assert.deepEqual(readdirSync(join(directory, name)), ['_data'], name);
}

test('killed at any moment of creations and removals', async () => {
  for (let round = 0; round < 6; round++) {
    let calls = 0;
    const busy = (async () => {
      for (let i = 0; i < 400; i++) {
        const name = `v-${round}-${i}`;
        await engine.api.post('/volumes/create', { Name: name });
        const body = {
          Image: engine.image,
          Cmd: ['sleep', '600'],
          Volumes: { '/etc': {} },
          HostConfig: { Binds: [`${name}:/bin`] },
        };
        const reply = await engine.api.post('/containers/create', body);
        if (i % 2 === 0) await engine.api.delete(`/containers/${reply.json<{ Id: string }>().Id}`, { v: true });
        if (i % 4 === 0) await engine.api.delete(`/volumes/${name}`);
        calls++;
      }
    })().catch(() => {});
    await until('some are made', () => calls > 3 * round);
    await die();
    await busy;
    await consistent();
  }
  const containers = await ok<{ Id: string }[]>(engine.api.get('/containers/json', { all: 1 }));
  // One that was being made when the daemon died is filled at its start, like any other.
  for (const { Id } of containers.slice(0, 2)) {
    await engine.start(Id);
    assert.match((await engine.exec(Id, ['ls', '/etc'])).stdout, /passwd/);
  }
  for (const { Id } of containers) await ok(engine.api.delete(`/containers/${Id}`, { v: true, force: true }), 204);
  const prune = await engine.api.post('/volumes/prune', undefined, { filters: JSON.stringify({ all: ['1'] }) });
  assert.equal(prune.status, 200);
  await consistent();
  assert.deepEqual(onDisk(), []);
});

test('half of a creation goes, data without a row becomes a volume, a row without data is told', async () => {
  await ok(engine.api.post('/volumes/create', { Name: 'removed' }), 201);
  const id = await engine.create({ HostConfig: { Binds: ['used:/x'] } });
  await die(() => {
    mkdirSync(join(directory, 'half'));
    mkdirSync(join(directory, 'empty', '_data'), { recursive: true });
    mkdirSync(join(directory, 'data', '_data'), { recursive: true });
    writeFileSync(join(directory, 'data', '_data', 'f'), 'kept\n');
    mkdirSync(join(directory, 'used', '_fill'));
    for (const name of ['removed', 'used/_data']) rmSync(join(directory, name), { recursive: true });
  });
  assert.deepEqual(await rows(), ['data', 'used']);
  await consistent();
  assert.equal(readFileSync(join(directory, 'data', '_data', 'f'), 'utf8'), 'kept\n');
  assert.match(daemon.log, /the directory of a volume is missing/);
  await engine.remove(id);
  for (const name of ['data', 'used']) await ok(engine.api.delete(`/volumes/${name}`), 204);
});

test('a mount on the host stays while its container runs, and goes when it has ended meanwhile', async () => {
  const DriverOpts = { type: 'tmpfs', device: 'tmpfs' };
  const { Mountpoint } = await ok<{ Mountpoint: string }>(
    engine.api.post('/volumes/create', { Name: 'mem', DriverOpts }),
  );
  const mounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(Mountpoint);
  const id = await engine.launch({ Cmd: ['sh', '-c', 'touch /x/f; sleep 600'], HostConfig: { Binds: ['mem:/x'] } });
  await until('the file is written', () => existsSync(join(Mountpoint, 'f')));
  await die();
  assert.ok(mounted());
  const HostConfig = { Binds: ['mem:/y'] };
  assert.equal((await engine.run(['ls', '/y'], { HostConfig })).stdout, 'f\n');
  const { Pid } = (await engine.inspect(id)).State;
  await die(() => process.kill(Pid, 'SIGKILL'));
  await until('the mount is gone', () => !mounted());
  await engine.remove(id);
  await ok(engine.api.delete('/volumes/mem'), 204);
});
