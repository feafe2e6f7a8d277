import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { packLayer } from '../../image/pack.js';
import { timestamp } from '../../lib/clock.js';
import type { ImageRecord } from '../../store/images.js';
import { compactImageConfig } from '../containers/commit-config.js';
import { deriveImage, type TopLayer } from '../images/derive.js';
import { cacheKey, findCached, findInSources } from './cache.js';
import type { Session, Tree } from './session.js';
import { treeOf, type Workplace } from './tree.js';

/** What a step makes of an image. */
export interface Step {
  readonly parent: ImageRecord | undefined;
  /** All that goes into it besides the parent. */
  readonly key: readonly unknown[];
  /** What the history says of it. */
  readonly createdBy: string;
  /** What lists of the cache say of it. */
  readonly description: string;
  readonly config: ImageConfig;
  readonly author: string | undefined;
  /** Makes the directory of the layer, where there is to be one. */
  make?(): Promise<{ upper: string } | undefined>;
}

/** A place for a layer that stands on an image's. */
export function workplace(session: Session, parent: ImageRecord | undefined): Workplace {
  const directory = session.fresh('layer');
  mkdirSync(directory, { mode: 0o700 });
  const place = { upper: join(directory, 'upper'), work: join(directory, 'work') };
  mkdirSync(place.upper, { mode: 0o755 });
  mkdirSync(place.work, { mode: 0o700 });
  const lower: Tree = treeOf(session.deps, parent);
  return { lower, ...place };
}

/** Images that a build stands on stay until its end, whoever removes them. */
export function holdImage(session: Session, image: ImageRecord): ImageRecord {
  session.releases.push(session.deps.layers.held.hold(image.layers), session.deps.buildCache.hold(image.id));
  return image;
}

/** What a directory holds, as a layer that is not in the store yet. */
async function layerOf(session: Session, upper: string): Promise<TopLayer & { layer: UnpackedLayer }> {
  const file = session.fresh('layer.tar');
  await packLayer(upper, file);
  session.signal.throwIfAborted();
  return { layer: await session.deps.layers.unpack(file), file };
}

function insert(session: Session, step: Step, parent: ImageRecord | undefined, top: TopLayer | undefined): ImageRecord {
  const { deps, host } = session;
  const { createdBy, author } = step;
  const created = timestamp();
  const config = compactImageConfig(step.config);
  const history = { created, created_by: createdBy, ...(author && { author }) };
  const derived = { config, history, author, created, platform: host, intermediate: true };
  return holdImage(session, deriveImage(deps, parent, derived, top));
}

function remember(session: Session, key: string, { parent, description }: Step, image: ImageRecord): void {
  const { buildCache, images } = session.deps;
  const added = image.layers.length > (parent?.layers.length ?? 0) ? image.layers.at(-1) : undefined;
  const size = added === undefined ? 0 : (images.content.layer(added)?.size ?? 0);
  const now = timestamp();
  buildCache.put({
    key,
    imageId: image.id,
    parentId: parent?.id ?? '',
    description,
    size,
    createdAt: now,
    usedAt: now,
    uses: 0,
  });
}

/** An image of `--cache-from` has made the same: its layer is taken, and the rest is as this build has it. */
function fromSources(session: Session, step: Step): ImageRecord | undefined {
  const { deps } = session;
  const found = findInSources(session, step.parent, step.createdBy);
  if (!found) return undefined;
  const { layers, source } = found;
  // An image with the layers up to there: history and configuration are this step's.
  const diffIds = layers.map((id) => deps.images.content.layer(id)!.diffId);
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const base: ImageRecord = {
    ...source,
    layers,
    config: { ...(step.parent?.config ?? source.config), history: step.parent?.config.history ?? [], rootfs },
  };
  return insert(session, step, base, undefined);
}

/** Does a step, or takes what has been made of it before. */
export async function commitStep(session: Session, step: Step): Promise<{ image: ImageRecord; cached: boolean }> {
  const { deps } = session;
  session.signal.throwIfAborted();
  const key = cacheKey(step.parent, step.key);
  const known = findCached(session, key) ?? fromSources(session, step);
  if (known) {
    if (!deps.buildCache.get(key)) remember(session, key, step, known);
    return { image: holdImage(session, known), cached: true };
  }
  const made = await step.make?.();
  const top = made && (await layerOf(session, made.upper));
  try {
    session.signal.throwIfAborted();
    const image = insert(session, step, step.parent, top);
    remember(session, key, step, image);
    return { image, cached: false };
  } finally {
    if (top) deps.layers.discard(top.layer.directory); // unless it has become a layer
  }
}
