import type { Deps } from '../../deps.js';
import { removeBlob } from '../../image/blobs.js';
import type { LayerRecord } from '../../store/content.js';

export type CollectDeps = Pick<Deps, 'images' | 'layers' | 'paths'>;

/**
 * Removes layers that no image and no container refers to, and blobs that no image refers to. Rows go first: a crash behind
 * that leaves files without rows, which the next start removes. Returns the layers, the newest first.
 */
export function collectContent(deps: CollectDeps): LayerRecord[] {
  const { content } = deps.images;
  const layers = content.dropUnusedLayers(deps.layers.held);
  for (const { id } of layers) deps.layers.remove(id);
  for (const digest of content.dropUnusedBlobs(deps.layers.heldBlobs)) removeBlob(deps.paths, digest);
  return layers;
}
