import type { ImagesPruneResponse } from '@tinydocker/shared/api/images.js';
import type { VolumePruneResponse } from '@tinydocker/shared/api/volumes.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import type { Engine } from '../api/engine.js';
import type { Pruned } from './pruned.js';

type Filters = Readonly<Record<string, readonly string[]>>;

/** Removes what does not run. */
export async function pruneContainers(engine: Engine, filter: Filters): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await engine.post<{
    ContainersDeleted: string[] | null;
    SpaceReclaimed: number;
  }>('/containers/prune', { filters: encodeFilters(filter) });
  return { heading: 'Deleted Containers', lines: ContainersDeleted ?? [], space: SpaceReclaimed };
}

/** Removes volumes that nobody uses: those without a name, or all. */
export async function pruneVolumes(engine: Engine, filter: Filters, all: boolean): Promise<Pruned> {
  const filters = encodeFilters(all ? { ...filter, all: ['true'] } : filter);
  const answer = await engine.post<VolumePruneResponse>('/volumes/prune', { filters });
  return { heading: 'Deleted Volumes', lines: answer.VolumesDeleted ?? [], space: answer.SpaceReclaimed };
}

/** Removes images that no container is made of: those without a name, or all. */
export async function pruneImages(engine: Engine, filter: Filters, all: boolean): Promise<Pruned> {
  const filters = encodeFilters({ ...filter, dangling: [String(!all)] });
  const answer = await engine.post<ImagesPruneResponse>('/images/prune', { filters });
  const lines = (answer.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
  );
  return { heading: 'Deleted Images', lines, space: answer.SpaceReclaimed };
}

/** Removes networks that nobody is in. */
export async function pruneNetworks(engine: Engine, filter: Filters): Promise<Pruned> {
  const { NetworksDeleted } = await engine.post<{ NetworksDeleted: string[] | null }>('/networks/prune', {
    filters: encodeFilters(filter),
  });
  return { heading: 'Deleted Networks', lines: NetworksDeleted ?? [], space: 0 };
}

/** Empties the build cache: of what no image has, or all. */
export async function pruneBuildCache(engine: Engine, filter: Filters, all: boolean, keep?: number): Promise<Pruned> {
  const query = { filters: encodeFilters(filter), all, 'reserved-space': keep };
  const { CachesDeleted, SpaceReclaimed } = await engine.post<{
    CachesDeleted: string[] | null;
    SpaceReclaimed: number;
  }>('/build/prune', query);
  return { heading: 'Deleted build cache objects', lines: CachesDeleted ?? [], space: SpaceReclaimed };
}
