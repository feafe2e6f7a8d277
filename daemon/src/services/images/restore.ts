import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deps } from '../../deps.js';
import { restoreBlobs } from '../../image/blobs.js';
import { collectContent } from './collect.js';
import { loadImages } from './load.js';

export type RestoreImagesDeps = Pick<Deps, 'config' | 'events' | 'images' | 'layers' | 'log' | 'partial' | 'paths'>;

/**
 * Brings the disk in line with the store, whatever the last daemon was doing when it ended: what was half-made goes, what is
 * missing is told. An empty store is filled with the images that ship with the engine.
 */
export async function restoreImages(deps: RestoreImagesDeps): Promise<void> {
  const { content } = deps.images;
  const missingLayers = deps.layers.restore(new Set(content.layers().map(({ id }) => id)));
  deps.partial.restore();
  const missingBlobs = restoreBlobs(deps.paths, new Set(content.blobs()));
  for (const id of missingLayers) {
    const names = deps.images.list().filter(({ layers }) => layers.includes(id));
    deps.log.error({ layer: id, images: names.map((image) => image.tags[0] ?? image.id) }, 'layer is missing on disk');
  }
  for (const digest of missingBlobs) deps.log.error({ digest }, 'blob is missing on disk');
  collectContent(deps);
  if (deps.images.list().length === 0) await loadShipped(deps);
}

function shipped(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.tar'));
  } catch {
    return [];
  }
}

async function loadShipped(deps: RestoreImagesDeps): Promise<void> {
  const directory = deps.config.imagesDir;
  for (const name of shipped(directory).sort()) {
    try {
      const loaded = await loadImages(deps, createReadStream(join(directory, name)), () => {});
      for (const image of loaded) deps.log.info({ image: image.tags[0] ?? image.id }, 'loaded shipped image');
    } catch (error) {
      deps.log.warn({ err: error, file: join(directory, name) }, 'load shipped image');
    }
  }
}
