import type { Volume, VolumeListResponse } from '@tinydocker/shared/api/volumes.js';
import { booleanFilter, matchesFilter, matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import { textMatcher } from '../text-matcher.js';
import { showVolume } from './inspect.js';
import { countVolumeUsers } from './users.js';

type ListDeps = Pick<Deps, 'containers' | 'paths' | 'volumes'>;

/** The volumes, by name. @throws EngineError invalid: a filter or value that there is not */
export function listVolumes(deps: ListDeps, filterText: string | undefined): VolumeListResponse {
  const filters = parseFilters(filterText, ['dangling', 'driver', 'label', 'name']);
  const dangling = booleanFilter(filters, 'dangling');
  const users = dangling === undefined ? undefined : countVolumeUsers(deps);
  const names = filters.get('name')?.map(textMatcher);
  const found: Volume[] = [];
  for (const volume of deps.volumes.list()) {
    if (!matchesLabels(filters, volume.labels) || !matchesFilter(filters, 'driver', (v) => v === 'local')) continue;
    if (names && !names.some((matches) => matches(volume.name))) continue;
    if (users && users.has(volume.name) === dangling) continue;
    found.push(showVolume(deps, volume));
  }
  return { Volumes: found.sort((a, b) => (a.Name < b.Name ? -1 : 1)), Warnings: null };
}
