import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import type { ContainerMount } from '../../lib/mount.js';
import type { ContainerRecord } from '../../store/containers.js';
import { settleMounts } from './mounts.js';
import { validateMounts } from './validate.js';

const settled = (
  config: ContainerConfig,
  hostConfig: HostConfig,
  others: Record<string, HostConfig> = {},
): ContainerMount[] =>
  settleMounts(config, hostConfig, (name) => {
    if (!others[name]) throw new Error(`No such container: ${name}`);
    return { mounts: settled({}, others[name]) } as unknown as ContainerRecord;
  });

const show = (mounts: readonly ContainerMount[]) =>
  mounts.map((m) => `${m.type} ${m.source || '-'} ${m.destination} ${m.rw ? 'rw' : 'ro'}`);

test('what is asked for comes before what other containers have, and that before the volumes of the image', () => {
  const others = { a: { Binds: ['one:/x', 'two:/y', '/h:/z'] }, b: { Binds: ['three:/y'], Tmpfs: { '/t': '' } } };
  const mounts = settled(
    { Volumes: { '/x': {}, '/own': {}, '/n': {}, rel: {} } },
    { Binds: ['mine:/x'], Mounts: [{ Type: 'tmpfs', Target: '/n' }], VolumesFrom: ['a:ro', 'b'], Tmpfs: { '/t': '' } },
    others,
  );
  assert.deepEqual(show(mounts), [
    'volume mine /x rw',
    'tmpfs - /n rw',
    'volume three /y rw',
    'bind /h /z ro',
    'volume - /own rw',
    'volume - /rel rw',
  ]);
  assert.ok(mounts.find((m) => m.source === 'mine')!.fill);
  assert.ok(!mounts.find((m) => m.source === 'three')!.fill, 'it was filled for the container that it is from');
});

for (const [hostConfig, sentence] of [
  [{ Binds: ['/a:/b'], Tmpfs: { '/b/': '' } }, 'Duplicate mount point: /b'],
  [{ Binds: ['/a:/b'], Mounts: [{ Type: 'volume', Target: '/b' }] }, 'Duplicate mount point: /b'],
  [{ Mounts: [{ Type: 'zzz', Target: '/b' }] }, 'invalid mount config for type "zzz": mount type unknown'],
  [{ Tmpfs: { x: '' } }, "invalid mount path: 'x' mount path must be absolute"],
  [{ VolumesFrom: [''] }, 'volumes-from specification cannot be an empty string'],
  [{ VolumesFrom: ['a:b:c'] }, 'invalid mode: b:c'],
] as [HostConfig, string][]) {
  test(`${JSON.stringify(hostConfig)} is refused`, () => {
    assert.throws(() => settled({}, hostConfig), { kind: 'invalid', message: sentence });
  });
}

test('a source that is not made has to be there', () => {
  const mounts = settled({}, { Mounts: [{ Type: 'bind', Source: '/no/such/thing', Target: '/b' }] });
  assert.throws(() => validateMounts(mounts), {
    kind: 'invalid',
    message: 'invalid mount config for type "bind": bind source path does not exist: /no/such/thing',
  });
  validateMounts(settled({}, { Binds: ['/no/such/thing:/b'] }));
});
