import type { Deps } from '../../deps.js';
import type { ImageRecord } from '../../store/images.js';

/** Bytes that all images take: what is unpacked, the blobs that it came from, and what has come of others in part. */
export function contentSize(deps: Pick<Deps, 'images' | 'partial'>): number {
  const { content } = deps.images;
  const layers = content.layers().reduce((sum, { size }) => sum + size, 0);
  const blobs = content.blobs().reduce((sum, digest) => sum + (content.blobSize(digest) ?? 0), 0);
  return layers + blobs + deps.partial.total();
}

/** What images take, and what of it other images stand on as well. */
export class ImageSizes {
  readonly #deps: Pick<Deps, 'images'>;
  readonly #blobs: boolean;
  /** By layer or blob, how many images have it. */
  readonly #users: Map<number | string, number> | undefined;

  constructor(deps: Pick<Deps, 'images'>, options: { sharedSize?: boolean; blobs?: boolean }) {
    this.#deps = deps;
    this.#blobs = options.blobs ?? false;
    if (!options.sharedSize) return;
    this.#users = new Map();
    for (const image of deps.images.list()) {
      for (const [part] of this.#parts(image)) this.#users.set(part, (this.#users.get(part) ?? 0) + 1);
    }
  }

  /** What an image is made of, each once, with its bytes. */
  #parts(image: ImageRecord): Map<number | string, number> {
    const { content } = this.#deps.images;
    const parts = new Map<number | string, number>();
    for (const id of image.layers) parts.set(id, content.layer(id)?.size ?? 0);
    if (this.#blobs) {
      for (const digest of this.#deps.images.blobs(image.id)) parts.set(digest, content.blobSize(digest) ?? 0);
    }
    return parts;
  }

  of(image: ImageRecord): { Size: number; SharedSize: number } {
    const users = this.#users;
    if (!users && !this.#blobs) return { Size: image.size, SharedSize: -1 };
    const parts = [...this.#parts(image)];
    const sum = (of: typeof parts) => of.reduce((total, [, size]) => total + size, 0);
    const SharedSize = users ? sum(parts.filter(([part]) => (users.get(part) ?? 0) > 1)) : -1;
    return { Size: this.#blobs ? sum(parts) : image.size, SharedSize };
  }
}
