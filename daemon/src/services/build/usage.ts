import type { BuildCacheItem } from '@tinydocker/shared/api/build.js';
import type { Deps } from '../../deps.js';
import { treeSize } from '../../kernel/tree-size.js';
import type { CacheRecord } from '../../store/build-cache.js';
import { CacheMounts, mountData } from './cache-mounts.js';

type UsageDeps = Pick<Deps, 'buildCache' | 'containers' | 'images' | 'paths'>;

/** As long as BuildKit's: what people see and type. */
const ID_LENGTH = 25;

export const cacheId = (key: string): string => key.replace(/^sha256:/, '').slice(0, ID_LENGTH);

/** Layers that somebody would miss: those of images that are more than a step, and of containers. */
function wantedLayers({ images, containers }: Pick<Deps, 'containers' | 'images'>): Set<number> {
  return new Set([...images.list(), ...containers.list()].flatMap(({ layers }) => layers));
}

/** Images that a build went through to come to one that is more than a step: without them it would begin anew. */
function ancestors({ buildCache, images }: Pick<Deps, 'buildCache' | 'images'>): Set<string> {
  const parents = new Map(buildCache.list().map(({ imageId, parentId }) => [imageId, parentId]));
  const found = new Set<string>();
  for (const { id } of images.list()) {
    for (let at: string | undefined = id; at && !found.has(at); at = parents.get(at)) found.add(at);
  }
  return found;
}

const sizeOf = ({ images }: Pick<Deps, 'images'>, layer: number): number => {
  const { content } = images;
  const blob = content.blobOfLayer(layer);
  return (content.layer(layer)?.size ?? 0) + (blob === undefined ? 0 : (content.blobSize(blob) ?? 0));
};

/** Bytes that are there for the cache alone, besides its directories. */
export function cacheOnlySize(deps: Pick<Deps, 'containers' | 'images'>): number {
  const wanted = wantedLayers(deps);
  const only = deps.images.content.layers().filter(({ id }) => !wanted.has(id));
  return only.reduce((sum, { id }) => sum + sizeOf(deps, id), 0);
}

export const isStepInUse = (deps: Pick<Deps, 'buildCache' | 'containers'>, imageId: string): boolean =>
  deps.buildCache.isInUse(imageId) || deps.containers.findByImage(imageId).length > 0;

function itemOf(
  deps: UsageDeps,
  record: CacheRecord,
  wanted: ReadonlySet<number>,
  needed: ReadonlySet<string>,
): BuildCacheItem | undefined {
  const image = deps.images.get(record.imageId);
  if (!image) return undefined; // it went by itself, and the row with it
  const parent = deps.images.get(record.parentId);
  const added = image.layers.length > (parent?.layers.length ?? 0) ? image.layers.at(-1) : undefined;
  const above = deps.buildCache.list().find(({ imageId }) => imageId === record.parentId);
  return {
    ID: cacheId(record.key),
    ...(above && { Parents: [cacheId(above.key)] }),
    Type: 'regular',
    Description: record.description,
    InUse: isStepInUse(deps, record.imageId),
    Shared: needed.has(image.id) || (added !== undefined && wanted.has(added)),
    Size: added === undefined ? 0 : sizeOf(deps, added),
    CreatedAt: record.createdAt,
    LastUsedAt: record.usedAt,
    UsageCount: record.uses,
  };
}

/** Everything in the build cache: steps, and directories of `RUN --mount=type=cache`. */
export async function cacheUsage(deps: UsageDeps): Promise<(BuildCacheItem & { key: string })[]> {
  const wanted = wantedLayers(deps);
  const needed = ancestors(deps);
  const steps = deps.buildCache.list().flatMap((record) => {
    const item = itemOf(deps, record, wanted, needed);
    return item ? [{ ...item, key: record.key }] : [];
  });
  const mounts = CacheMounts.list(deps).map(async ({ key, description, createdAt, usedAt, inUse }) => ({
    key,
    ID: cacheId(key),
    Type: 'exec.cachemount',
    Description: description,
    InUse: inUse,
    Shared: false,
    Size: await treeSize(mountData(deps, key)),
    CreatedAt: createdAt,
    LastUsedAt: usedAt,
    UsageCount: 0,
  }));
  return [...steps, ...(await Promise.all(mounts))];
}
