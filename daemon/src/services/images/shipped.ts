import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Reference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { type LoadDeps, loadImages } from './load.js';
import type { ReportTransfer } from './transfer-progress.js';

/** Images that ship with the engine and are in the store of those only who pull them. */
const ON_DEMAND: Readonly<Record<string, string>> = { 'docker.io/tinydocker/pause:latest': 'pause.tar' };

/**
 * Takes an image from where it lies beside the engine, without any network.
 * @returns false: it is not one of those
 */
export async function loadShippedImage(
  deps: LoadDeps & Pick<Deps, 'config'>,
  reference: Reference,
  report: ReportTransfer,
): Promise<boolean> {
  const name = ON_DEMAND[reference.canonical];
  const file = name && join(deps.config.imagesDir, 'on-demand', name);
  if (!file || !statSync(file, { throwIfNoEntry: false })) return false;
  const before = deps.images.byTag(reference.canonical)?.id;
  report({ status: `Pulling from ${reference.path}`, id: reference.tag ?? '' });
  const [image] = await loadImages(deps, createReadStream(file, { highWaterMark: 1 << 18 }), () => {});
  const updated = before !== image?.id;
  report({
    status: `Status: ${updated ? 'Downloaded newer image' : 'Image is up to date'} for ${reference.familiar}`,
  });
  return true;
}
