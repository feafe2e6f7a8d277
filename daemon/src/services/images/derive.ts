import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { ArchivedLayer } from '../../image/archived-image.js';
import { chainIds, sha256 } from '../../image/digest.js';
import type { UnpackedLayer } from '../../image/layers.js';
import type { OciHistory, OciImage } from '../../lib/oci-image.js';
import type { ImageRecord } from '../../store/images.js';
import { insertImage } from './insert.js';

/** overlayfs takes 500 lower directories, one of which is the engine's. */
const LAYERS_LIMIT = 499;

/** What a new image has that the one below it has not. */
export interface Derived {
  readonly config: OciImage['config'];
  readonly history: OciHistory;
  readonly author?: string | undefined;
  readonly created: string;
  /** The container that it was made of. */
  readonly container?: string;
  /** It is only between two steps of a build. */
  readonly intermediate?: boolean;
  /** Of what it does not say itself: the machine's. */
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string | undefined };
}

/** A layer that is not in the store yet, and the archive that it was unpacked from. */
export interface TopLayer {
  readonly layer: UnpackedLayer;
  readonly file: string;
}

/** The layers of an image, which are all there. */
function lowerLayers(deps: Pick<Deps, 'images'>, image: ImageRecord | undefined): ArchivedLayer[] {
  const { content } = deps.images;
  return (image?.layers ?? []).map((id) => {
    const { chainId, diffId } = content.layer(id)!;
    return { chainId, diffId, file: { path: '', digest: content.blobOfLayer(id) ?? '', size: 0 } };
  });
}

/**
 * Adds an image to the store that stands on another, or on nothing. Nothing waits in here: no one sees it half-done.
 * @param top left out where nothing is in it
 */
export function deriveImage(
  deps: Pick<Deps, 'images' | 'layers' | 'paths'>,
  image: ImageRecord | undefined,
  derived: Derived,
  top: TopLayer | undefined,
): ImageRecord {
  const layers = lowerLayers(deps, image);
  const diffIds = layers.map(({ diffId }) => diffId);
  const unpacked = new Map<string, UnpackedLayer>();
  const isEmpty = !top || top.layer.entries === 0;
  if (!isEmpty) {
    const { layer, file } = top;
    diffIds.push(layer.diffId);
    const chainId = chainIds(diffIds).at(-1)!;
    layers.push({ chainId, diffId: layer.diffId, file: { path: file, digest: layer.digest, size: layer.inputSize } });
    unpacked.set(chainId, layer);
  }
  if (layers.length > LAYERS_LIMIT) throw new EngineError('system', 'max depth exceeded');
  const { author, config, created, container, platform } = derived;
  const variant = image ? image.config.variant : platform.variant;
  const document: OciImage & { container?: string } = {
    architecture: image?.config.architecture ?? platform.architecture,
    ...(author && { author }),
    config,
    ...(container && { container }),
    created,
    history: [...(image?.config.history ?? []), { ...derived.history, ...(isEmpty && { empty_layer: true }) }],
    os: image?.config.os || platform.os,
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(variant && { variant }),
  };
  const text = JSON.stringify(document);
  return insertImage(deps, { id: sha256(text), text }, layers, unpacked, {
    intermediate: derived.intermediate ?? false,
  });
}
