import { isDeepStrictEqual } from 'node:util';
import { sha256 } from '../../image/digest.js';
import { timestamp } from '../../lib/clock.js';
import type { OciImage } from '../../lib/oci-image.js';
import type { ImageRecord } from '../../store/images.js';
import type { Session } from './session.js';

/** Raised when what a step does changes: what older daemons have made is not used any more. */
const VERSION = 1;

/**
 * The key of a step: the image that it begins with, by the digest of its whole configuration, and everything that goes into it
 * (CVE-2024-24557 was a key with parts of that only).
 */
export const cacheKey = (parent: ImageRecord | undefined, parts: readonly unknown[]): string =>
  sha256(JSON.stringify([VERSION, parent?.id ?? '', ...parts]));

/** What an earlier build has made of the same. */
export function findCached({ deps, options }: Session, key: string): ImageRecord | undefined {
  if (options.noCache) return undefined;
  const record = deps.buildCache.get(key);
  const image = record && deps.images.get(record.imageId);
  if (!image) return undefined;
  deps.buildCache.use(key, timestamp());
  return image;
}

const layersOf = ({ config }: ImageRecord): readonly string[] => config.rootfs.diff_ids ?? [];

const isBeginning = (of: readonly unknown[], all: readonly unknown[]): boolean =>
  of.length <= all.length && isDeepStrictEqual([...of], all.slice(0, of.length));

/** The layer of a step of an image's history: undefined where it made none. */
function layerOfStep(image: ImageRecord, step: number): { index: number; empty: boolean } {
  const history = image.config.history ?? [];
  const before = history.slice(0, step).filter((entry) => !entry.empty_layer).length;
  return { index: before, empty: history[step]?.empty_layer === true };
}

/**
 * The layer that an image of `--cache-from` has where this step would make one: the image begins with the same layers by the same
 * steps, and its next step is the same. The ids of its layers up to and with that step; undefined: no such image.
 */
export function findInSources(
  { deps, options }: Session,
  parent: ImageRecord | undefined,
  createdBy: string,
): { layers: readonly number[]; source: ImageRecord } | undefined {
  if (options.noCache) return undefined;
  const steps = (config: OciImage | undefined) => (config?.history ?? []).map((entry) => [entry.created_by, entry.empty_layer ?? false]);
  const mine = steps(parent?.config);
  for (const name of options.cacheFrom) {
    const source = deps.images.resolve(name);
    if (!source) continue;
    const theirs = source.config.history ?? [];
    if (theirs[mine.length]?.created_by !== createdBy) continue;
    if (!isBeginning(mine, steps(source.config))) continue;
    if (parent && !isBeginning(layersOf(parent), layersOf(source))) continue;
    const { index, empty } = layerOfStep(source, mine.length);
    if (index !== (parent?.layers.length ?? 0)) continue;
    return { layers: source.layers.slice(0, index + (empty ? 0 : 1)), source };
  }
  return undefined;
}
