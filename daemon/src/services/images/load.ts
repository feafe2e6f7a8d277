import { EngineError, invalid, within } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { readImageArchive } from '../../image/archive.js';
import type { ArchivedImage, ArchivedLayer } from '../../image/archived-image.js';
import { EagerUnpacker } from '../../image/eager-unpack.js';
import { Ingest } from '../../image/ingest.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { timestamp } from '../../lib/clock.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from './collect.js';
import { insertImage, type UnpackedLayers } from './insert.js';
import { publishImage } from './publish.js';

export type LoadDeps = Pick<Deps, 'events' | 'images' | 'layers' | 'paths'>;

/** A line of the answer to a load, as Docker's clients show it. */
export type LoadMessage =
  | { stream: string }
  | { status: string; progressDetail: { current: number; total: number }; id: string };

/** How many layers are unpacked at a time: the unpacking takes one processor each. */
const AT_ONCE = 2;

/**
 * Loads the images of an archive. All are read, verified and unpacked before the first is seen by anyone; on failure nothing is left.
 * @param report is called with progress from the time that the archive is known to be sound
 * @throws EngineError invalid: the archive is broken; system
 */
export async function loadImages(
  deps: LoadDeps,
  source: AsyncIterable<Buffer>,
  report: (message: LoadMessage) => void,
): Promise<ImageRecord[]> {
  const ingest = new Ingest(deps.paths);
  const eager = new EagerUnpacker(deps.layers);
  const unpacked: UnpackedLayers = new Map();
  let release = () => {};
  try {
    const archived = await readImageArchive(source, ingest, eager, (digest) => deps.images.content.isKnown(digest));
    const layers = archived.flatMap((image) => image.layers);
    // What is there now must still be there when the images are added.
    const present = layers.flatMap(({ chainId }) => deps.images.content.layerByChain(chainId)?.id ?? []);
    release = deps.layers.held.hold(present);
    await unpackMissing(deps, layers, unpacked, report);
    return archived.map((image) => addImage(deps, image, unpacked, report));
  } finally {
    release();
    // What is left of a failure is gone by the time that it is told.
    await Promise.all([...unpacked.values()].map(({ directory }) => deps.layers.discard(directory)));
    await eager.close();
    await ingest.close();
    collectContent(deps); // layers whose last image went away while they were held
  }
}

async function unpackMissing(
  deps: LoadDeps,
  layers: readonly ArchivedLayer[],
  unpacked: UnpackedLayers,
  report: (message: LoadMessage) => void,
): Promise<void> {
  const missing = new Map<string, ArchivedLayer>();
  for (const layer of layers) {
    if (!deps.images.content.layerByChain(layer.chainId)) missing.set(layer.chainId, layer);
  }
  const queue = [...missing.values()];
  let failed = false;
  const work = async () => {
    for (let layer = queue.shift(); layer && !failed; layer = queue.shift()) {
      unpacked.set(layer.chainId, await unpackVerified(deps, layer));
      const { size } = layer.file;
      const id = layer.diffId.slice('sha256:'.length, 'sha256:'.length + 12);
      report({ status: 'Loading layer', progressDetail: { current: size, total: size }, id });
    }
  };
  const guarded = () =>
    work().catch((error) => {
      failed = true;
      throw error;
    });
  // All of them, also after a failure: none may still write when the directories are removed.
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, guarded));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** What has been given to a layer: an image may have the same bytes twice, and needs them in two directories. */
const used = new WeakSet<UnpackedLayer>();

function unusedOf({ file: { unpacked } }: ArchivedLayer): UnpackedLayer | undefined {
  if (!unpacked || unpacked instanceof EngineError || used.has(unpacked)) return undefined;
  used.add(unpacked);
  return unpacked;
}

async function unpackVerified(deps: LoadDeps, layer: ArchivedLayer): Promise<UnpackedLayer> {
  let result: UnpackedLayer;
  try {
    if (layer.file.unpacked instanceof EngineError) throw layer.file.unpacked;
    result = unusedOf(layer) ?? (await deps.layers.unpack(layer.file.path));
  } catch (error) {
    throw within(`layer ${layer.diffId}`, error);
  }
  if (result.diffId === layer.diffId) return result;
  await deps.layers.discard(result.directory);
  throw invalid(`layer ${layer.diffId} has the digest ${result.diffId}: the archive is corrupt`);
}

/** Adds one image to the store, with its names. Nothing waits in here: no one sees it half-done. */
function addImage(
  deps: LoadDeps,
  image: ArchivedImage,
  unpacked: UnpackedLayers,
  report: (message: LoadMessage) => void,
): ImageRecord {
  const { id } = image.document;
  insertImage(deps, image.document, image.layers, unpacked);
  if (image.manifest) deps.images.addManifest(id, image.manifest);
  for (const reference of image.tags) {
    const { familiar } = parseReference(reference);
    const before = deps.images.tag(reference, id, timestamp());
    if (before !== undefined) {
      report({
        stream: `The image ${familiar} already exists, renaming the old one with ID ${before} to empty string\n`,
      });
    }
    report({ stream: `Loaded image: ${familiar}\n` });
  }
  if (image.tags.length === 0) report({ stream: `Loaded image ID: ${id}\n` });
  const record = deps.images.get(id)!;
  publishImage(deps, 'load', record);
  return record;
}
