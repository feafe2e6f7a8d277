import { join } from 'node:path';
import type { BuildCacheItem } from '@tinydocker/shared/api/build.js';
import { booleanFilter, type Filters, matchesFilter, parseFilters } from '@tinydocker/shared/filters.js';
import type { Deps } from '../../deps.js';
import { collectContent } from '../images/collect.js';
import { contentSize } from '../images/sizes.js';
import type { CacheRecord } from '../../store/build-cache.js';
import { untilTime } from '../until.js';
import { CacheMounts } from './cache-mounts.js';
import { cacheUsage, isStepInUse } from './usage.js';

type PruneDeps = Pick<
  Deps,
  'buildCache' | 'containers' | 'events' | 'images' | 'layers' | 'partial' | 'paths' | 'trash'
>;

export const CACHE_FILTERS = ['description', 'id', 'inuse', 'parent', 'private', 'shared', 'type', 'until'] as const;

export interface PruneOptions {
  /** Also what images have. */
  all: boolean;
  /** Bytes that may stay: what was used last. */
  keep: number;
  filters: string | undefined;
}

/** Steps that nothing leads to: what they began with has been made anew since, as another image, or is gone. */
function unreachable({ buildCache, images }: Pick<Deps, 'buildCache' | 'images'>): CacheRecord[] {
  const known = new Set(buildCache.list().map(({ imageId }) => imageId));
  const begins = (id: string) => id === '' || known.has(id) || (images.get(id) && !images.isIntermediate(id));
  return buildCache.list().filter(({ parentId }) => !begins(parentId));
}

/** Takes away images between two steps that no step of the cache leads to, and the steps that stand on them. */
export function dropForgottenSteps(
  deps: Pick<Deps, 'buildCache' | 'containers' | 'images' | 'layers' | 'paths'>,
): void {
  // One that goes may have been what another began with.
  for (let lost = unreachable(deps); lost.length > 0; lost = unreachable(deps))
    for (const { key } of lost) deps.buildCache.remove(key);
  const known = new Set(deps.buildCache.list().map(({ imageId }) => imageId));
  for (const { id } of deps.images.all()) {
    if (deps.images.isIntermediate(id) && !known.has(id) && !isStepInUse(deps, id)) deps.images.remove(id);
  }
  collectContent(deps);
}

function isMeant(filters: Filters, item: BuildCacheItem, until: number | undefined): boolean {
  const flag = (name: string, is: boolean) => (booleanFilter(filters, name) ?? is) === is;
  if (until !== undefined && Date.parse(item.LastUsedAt ?? item.CreatedAt) > until) return false;
  return (
    matchesFilter(filters, 'id', (id) => item.ID.startsWith(id)) &&
    matchesFilter(filters, 'type', (type) => item.Type === type) &&
    matchesFilter(filters, 'description', (text) => item.Description.includes(text)) &&
    matchesFilter(filters, 'parent', (id) => (item.Parents ?? []).some((parent) => parent.startsWith(id))) &&
    flag('inuse', item.InUse) &&
    flag('shared', item.Shared) &&
    flag('private', !item.Shared)
  );
}

/**
 * Removes from the build cache what no build uses at the moment; what an image has as well only when asked for.
 * @throws EngineError invalid (filters)
 */
export async function pruneBuildCache(
  deps: PruneDeps,
  { all, keep, filters: text }: PruneOptions,
): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }> {
  // `system prune --filter label=...` asks all kinds of things: what is cached has no labels.
  const filters = parseFilters(text, [...CACHE_FILTERS, 'label', 'label!']);
  const until = untilTime(filters);
  const items = filters.has('label') ? [] : await cacheUsage(deps);
  const before = contentSize(deps);
  let left = items.reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0);
  let directories = 0;
  const deleted: string[] = [];
  const oldest = [...items].sort((a, b) => (a.LastUsedAt! < b.LastUsedAt! ? -1 : 1));
  for (const item of oldest) {
    if (keep > 0 && left <= keep) break;
    const isMount = item.Type === 'exec.cachemount';
    // It may have been taken up meanwhile.
    const record = deps.buildCache.get(item.key);
    const inUse = isMount ? CacheMounts.isInUse(item.key) : !record || isStepInUse(deps, record.imageId);
    if (inUse || (item.Shared && !all) || !isMeant(filters, item, until)) continue;
    if (isMount) {
      deps.trash.discard(join(deps.paths.buildMounts, item.key));
      directories += item.Size;
    } else deps.buildCache.remove(item.key);
    if (!item.Shared) left -= item.Size;
    deleted.push(item.ID);
  }
  dropForgottenSteps(deps);
  const SpaceReclaimed = before - contentSize(deps) + directories;
  deps.events.publish('builder', 'prune', '', { reclaimed: String(SpaceReclaimed) });
  return { CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed };
}
