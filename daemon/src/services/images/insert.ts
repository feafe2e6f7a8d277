import type { Deps } from '../../deps.js';
import type { ArchivedLayer } from '../../image/archived-image.js';
import { placeBlob, removeBlob } from '../../image/blobs.js';
import type { ImageDocument } from '../../image/config.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { timestamp } from '../../lib/clock.js';
import type { ImageRecord, NewImage, NewLayer } from '../../store/images.js';

/** Unpacked layers by chain id, for as long as they are not in the store. */
export type UnpackedLayers = Map<string, UnpackedLayer>;

/** Moves the files of new layers and blobs into place with the rows that name them; a failure takes them away again. */
export function insertImage(
  deps: Pick<Deps, 'images' | 'layers' | 'paths'>,
  document: Pick<ImageDocument, 'id' | 'text'>,
  archived: readonly ArchivedLayer[],
  unpacked: UnpackedLayers,
  options: Pick<NewImage, 'intermediate'> = {},
): ImageRecord {
  const files = new Map(archived.map((layer) => [layer.chainId, layer.file]));
  const layers = archived.map(({ chainId, diffId, file }): NewLayer => {
    const size = unpacked.get(chainId)?.size ?? 0; // of one that is there, the store knows it
    return { chainId, diffId, size, blob: { digest: file.digest, size: file.size } };
  });
  const { id, text } = document;
  const placed: { chainId: string; id: number }[] = [];
  const blobs: string[] = [];
  try {
    return deps.images.insert(
      { id, config: text, createdAt: timestamp(), layers, ...options },
      {
        layer: (layerId, { chainId }) => {
          deps.layers.place(unpacked.get(chainId)!.directory, layerId);
          placed.push({ chainId, id: layerId });
        },
        blob: ({ chainId, blob }) => {
          placeBlob(deps.paths, files.get(chainId)!.path, blob.digest);
          blobs.push(blob.digest);
        },
      },
    );
  } catch (error) {
    for (const layer of placed) deps.layers.remove(layer.id);
    for (const digest of blobs) removeBlob(deps.paths, digest);
    throw error;
  }
}
