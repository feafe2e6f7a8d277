import type { DiskUsage } from '@tinydocker/shared/api/system.js';
import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../deps.js';
import { dataOf } from '../volume/directory.js';
import { directoryUsage } from '../volume/usage.js';
import { listContainers } from './containers/list.js';
import { listImages } from './images/list.js';
import { showVolume } from './volumes/inspect.js';
import { countVolumeUsers } from './volumes/users.js';

type UsageDeps = Pick<Deps, 'containers' | 'images' | 'log' | 'paths' | 'volumes'>;

const TYPES = ['container', 'image', 'volume', 'build-cache'] as const;
type UsageType = (typeof TYPES)[number];

/**
 * The volumes with what they take, one after the other: a disk is not faster for being asked twice. One that has options is not
 * counted, as in Docker: what stands for it may be anywhere, and not ours.
 */
async function volumes(deps: UsageDeps): Promise<Volume[]> {
  const users = countVolumeUsers(deps);
  const found: Volume[] = [];
  for (const volume of deps.volumes.list()) {
    if (volume.options) continue;
    const RefCount = users.get(volume.name) ?? 0;
    const there = () => deps.volumes.get(volume.name) !== undefined;
    const Size = await directoryUsage(dataOf(deps.paths.volume(volume.name))).catch((error) => {
      if (there()) deps.log.warn({ volume: volume.name, err: error }, 'measure a volume');
      return -1;
    });
    if (there()) found.push({ ...showVolume(deps, volume), UsageData: { RefCount, Size } });
  }
  return found.sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** How much room everything takes. @throws EngineError invalid: a type that there is not */
export async function diskUsage(deps: UsageDeps, types: readonly string[]): Promise<DiskUsage> {
  const unknown = types.find((type) => !(TYPES as readonly string[]).includes(type));
  if (unknown !== undefined) throw invalid(`unknown object type: ${unknown}`);
  const wants = (type: UsageType) => types.length === 0 || types.includes(type);
  const layers = deps.images.content.layers().reduce((sum, { size }) => sum + size, 0);
  return {
    LayersSize: wants('image') ? layers : 0,
    Images: wants('image') ? listImages(deps, { sharedSize: true }) : null,
    Containers: wants('container') ? await listContainers(deps, { all: true, size: true }) : null,
    Volumes: wants('volume') ? await volumes(deps) : null,
    BuildCache: wants('build-cache') ? [] : null,
  };
}
