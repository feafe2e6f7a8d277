import type { DiskUsage } from '@tinydocker/shared/api/system.js';
import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../deps.js';
import { treeSize } from '../kernel/tree-size.js';
import type { VolumeRecord } from '../store/volumes.js';
import { dataOf } from '../volume/directory.js';
import { cacheOnlySize, cacheUsage } from './build/usage.js';
import { listContainers } from './containers/list.js';
import { listImages } from './images/list.js';
import { contentSize } from './images/sizes.js';
import { showVolume } from './volumes/inspect.js';
import { countVolumeUsers } from './volumes/users.js';

type UsageDeps = Pick<
  Deps,
  'addresses' | 'buildCache' | 'config' | 'containers' | 'images' | 'log' | 'networks' | 'partial' | 'paths' | 'volumes'
>;

const TYPES = ['container', 'image', 'volume', 'build-cache'] as const;
type UsageType = (typeof TYPES)[number];

/** A volume with what it takes; undefined where it is gone meanwhile. */
async function measured(deps: UsageDeps, volume: VolumeRecord, RefCount: number): Promise<Volume | undefined> {
  const there = () => deps.volumes.get(volume.name) !== undefined;
  const Size = await treeSize(dataOf(deps.paths.volume(volume.name))).catch((error) => {
    if (there()) deps.log.warn({ volume: volume.name, err: error }, 'measure a volume');
    return -1;
  });
  return there() ? { ...showVolume(deps, volume), UsageData: { RefCount, Size } } : undefined;
}

/** The volumes, by name. One that has options is not counted, as in Docker: what stands for it may be anywhere, and not ours. */
async function volumes(deps: UsageDeps): Promise<Volume[]> {
  const users = countVolumeUsers(deps);
  const own = deps.volumes.list().filter(({ options }) => !options);
  const found = await Promise.all(own.map((volume) => measured(deps, volume, users.get(volume.name) ?? 0)));
  return found.filter((volume) => volume !== undefined).sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** How much room everything takes. @throws EngineError invalid: a type that there is not */
export async function diskUsage(deps: UsageDeps, types: readonly string[]): Promise<DiskUsage> {
  const unknown = types.find((type) => !(TYPES as readonly string[]).includes(type));
  if (unknown !== undefined) throw invalid(`unknown object type: ${unknown}`);
  const wants = (type: UsageType) => types.length === 0 || types.includes(type);
  return {
    // What is there for the build cache alone is counted there.
    LayersSize: wants('image') ? contentSize(deps) - cacheOnlySize(deps) : 0,
    Images: wants('image') ? listImages(deps, { sharedSize: true, blobs: true }) : null,
    Containers: wants('container') ? await listContainers(deps, { all: true, size: true }) : null,
    Volumes: wants('volume') ? await volumes(deps) : null,
    BuildCache: wants('build-cache') ? (await cacheUsage(deps)).map(({ key: _key, ...item }) => item) : null,
  };
}
