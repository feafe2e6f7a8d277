import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Holds } from '../lib/holds.js';
import { newId } from '../lib/ids.js';
import { LayerReceiver } from './receive.js';
import { removeTree, type Unpacked, unpackLayer } from './unpack.js';

/** The directories that layers pass through; all on one file system. */
export interface LayerPaths {
  readonly layers: string;
  readonly ingest: string;
  readonly trash: string;
  layer(id: number): string;
}

/** A layer that is unpacked and not yet in its place. */
export interface UnpackedLayer extends Unpacked {
  readonly directory: string;
}

/**
 * The unpacked layers on disk, one directory each, never changed once it is there. Which of them exist is the store's
 * knowledge: here files are made, put into place by a rename, and taken away by another.
 */
export class LayerStore {
  readonly #paths: LayerPaths;
  readonly #removals = new Set<Promise<void>>();
  /** Layers that are about to be used. */
  readonly held = new Holds<number>();
  /** Blobs that are being read. */
  readonly heldBlobs = new Holds<string>();

  constructor(paths: LayerPaths) {
    this.#paths = paths;
  }

  /** The directory of a layer, a lower of overlayfs. */
  path(id: number): string {
    return this.#paths.layer(id);
  }

  /**
   * Unpacks a layer beside the others. The caller places or discards the directory.
   * @throws EngineError invalid: broken or hostile archive; system. Nothing is left then.
   */
  async unpack(file: string): Promise<UnpackedLayer> {
    const directory = join(this.#paths.ingest, `layer-${newId()}`);
    mkdirSync(directory, { mode: 0o755 });
    try {
      return { ...(await unpackLayer(file, directory)), directory };
    } catch (error) {
      await this.discard(directory);
      throw error;
    }
  }

  /**
   * Unpacks a layer beside the others while `feed` passes on its bytes, and keeps these in the file `keep`.
   * @throws EngineError invalid, system; what `feed` throws. The directory is gone then, the file is not.
   */
  async receive(
    keep: string,
    feed: (write: (piece: Buffer) => Promise<void>) => Promise<void>,
  ): Promise<UnpackedLayer> {
    const directory = join(this.#paths.ingest, `layer-${newId()}`);
    mkdirSync(directory, { mode: 0o755 });
    try {
      const receiver = new LayerReceiver(directory, keep);
      try {
        await feed((piece) => receiver.write(piece));
      } catch (error) {
        await receiver.abort();
        throw error;
      }
      return { ...(await receiver.finish()), directory };
    } catch (error) {
      await this.discard(directory);
      throw error;
    }
  }

  /** Makes an unpacked directory the layer `id`. */
  place(directory: string, id: number): void {
    renameSync(directory, this.#paths.layer(id));
  }

  /** Takes a directory away at once, by a rename; what it holds is removed in the background, by when the promise is kept. */
  discard(path: string): Promise<void> {
    const trash = join(this.#paths.trash, newId());
    try {
      renameSync(path, trash);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Promise.resolve();
      throw error;
    }
    return this.#remove(trash);
  }

  remove(id: number): void {
    void this.discard(this.path(id));
  }

  #remove(path: string): Promise<void> {
    // What cannot be removed now stays in the trash, which is emptied at the next start.
    const removal = removeTree(path)
      .catch(() => {})
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    return removal;
  }

  /** When all that was discarded is off the disk. */
  async emptied(): Promise<void> {
    while (this.#removals.size > 0) await Promise.all(this.#removals);
  }

  /**
   * After a crash: makes the directories, takes away what was half-made or has no row, and goes on with removals that were
   * under way. Returns the ids in `known` whose directory is missing.
   */
  restore(known: ReadonlySet<number>): number[] {
    for (const directory of [this.#paths.layers, this.#paths.ingest, this.#paths.trash]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
    for (const name of readdirSync(this.#paths.trash)) this.#remove(join(this.#paths.trash, name));
    for (const name of readdirSync(this.#paths.ingest)) this.discard(join(this.#paths.ingest, name));
    const there = new Set(readdirSync(this.#paths.layers));
    for (const name of there) {
      if (!known.has(Number(name))) this.discard(join(this.#paths.layers, name));
    }
    return [...known].filter((id) => !there.has(String(id)));
  }
}
