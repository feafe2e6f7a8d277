import type { ImageVerifyLine } from '@tinydocker/shared/api/images.js';
import type { Deps } from '../../deps.js';
import { sha256 } from '../../image/digest.js';
import { verifyBlob, verifyLayer } from '../../image/verify.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from './collect.js';
import { familiarTags } from './inspect.js';
import { requireImage } from './resolve.js';

export type VerifyDeps = Pick<Deps, 'images' | 'layers' | 'paths'>;

const shown = (image: ImageRecord): string => familiarTags(image)[0] ?? image.id;

/**
 * Compares everything that images are made of with its digests: configurations, manifests, blobs, and the files that layers consist of.
 * @param names none: all images
 * @param report is called with each thing, whether it is as it should be or not
 * @throws EngineError not-found, invalid; system: no room to unpack a layer once more
 */
export async function verifyImages(
  deps: VerifyDeps,
  names: readonly string[],
  signal: AbortSignal,
  report: (line: ImageVerifyLine) => void,
): Promise<void> {
  const images = names.length > 0 ? names.map((name) => requireImage(deps, name)) : deps.images.all();
  const parts = new Parts(deps, images);
  const releases = [
    deps.layers.held.hold([...parts.layers.keys()]),
    deps.layers.heldBlobs.hold([...parts.blobs.keys()]),
  ];
  try {
    for (const image of images) {
      const documents = [
        { digest: image.id, content: deps.images.configText(image.id) ?? '' },
        ...deps.images.manifests(image.id),
      ];
      for (const { digest, content } of documents) {
        const found = sha256(content);
        const problems = found === digest ? [] : [`has the digest ${found}`];
        report({ kind: 'document', id: digest, images: [shown(image)], problems });
      }
    }
    const broken = new Set<string>();
    for (const [digest, users] of parts.blobs) {
      signal.throwIfAborted();
      const problem = await verifyBlob(deps.paths.blob(digest), digest, deps.images.content.blobSize(digest) ?? 0);
      if (problem) broken.add(digest);
      report({ kind: 'blob', id: digest, images: users.map(shown), problems: problem ? [problem] : [] });
    }
    for (const [id, users] of parts.layers) {
      signal.throwIfAborted();
      const layer = deps.images.content.layer(id)!;
      const blob = deps.images.content.blobOfLayer(id);
      const problems =
        blob === undefined || broken.has(blob)
          ? ['cannot be compared: the blob that it came from is broken']
          : await verifyLayer(deps.layers, layer, deps.paths.blob(blob));
      report({ kind: 'layer', id: layer.chainId, path: deps.layers.path(id), images: users.map(shown), problems });
    }
  } finally {
    for (const release of releases) release();
    collectContent(deps);
  }
}

/** What images are made of, each with those that have it. */
class Parts {
  readonly layers = new Map<number, ImageRecord[]>();
  readonly blobs = new Map<string, ImageRecord[]>();

  constructor(deps: Pick<Deps, 'images'>, images: readonly ImageRecord[]) {
    for (const image of images) {
      for (const id of image.layers) this.layers.set(id, [...(this.layers.get(id) ?? []), image]);
      for (const digest of deps.images.blobs(image.id)) {
        this.blobs.set(digest, [...(this.blobs.get(digest) ?? []), image]);
      }
    }
  }
}
