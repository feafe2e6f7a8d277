import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Deps } from '../../deps.js';
import { placeBlob, removeBlob } from '../../image/blobs.js';
import { compressionOf, gzipFile } from '../../image/compression.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import { collectContent } from './collect.js';

export type CompressDeps = Pick<Deps, 'images' | 'layers' | 'locks' | 'paths'>;

/**
 * Compresses the blob of an image's layer for good: what has been pushed once is pushed as it is from then on, and takes less room.
 */
export function compressLayer(
  deps: CompressDeps,
  imageId: string,
  position: number,
  signal: AbortSignal,
): Promise<void> {
  const { content } = deps.images;
  const before = deps.images.blobs(imageId)[position]!;
  return deps.locks.run(`compress ${before}`, async () => {
    const digest = deps.images.blobs(imageId)[position];
    // Somebody else has done it meanwhile, or the image is gone.
    if (digest !== before || compressionOf(deps.paths.blob(digest)) !== 'plain') return;
    const directory = join(deps.paths.ingest, `gzip-${newId()}`);
    mkdirSync(directory, { mode: 0o700 });
    try {
      const file = await gzipFile(deps.paths.blob(digest), join(directory, 'layer'), directory, signal);
      if (!content.hasBlob(file.digest)) {
        placeBlob(deps.paths, file.path, file.digest);
        try {
          content.addBlob(file.digest, file.size, timestamp());
        } catch (error) {
          removeBlob(deps.paths, file.digest);
          throw error;
        }
      }
      content.replaceBlob(digest, file.digest);
      collectContent(deps);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
