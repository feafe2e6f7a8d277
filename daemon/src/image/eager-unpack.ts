import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EngineError } from '@tinydocker/shared/errors.js';
import type { IngestedFile } from './ingest.js';
import type { LayerStore, UnpackedLayer } from './layers.js';

type Unhashed = { -readonly [K in keyof IngestedFile]: IngestedFile[K] };

/** How many layers are unpacked at a time: the unpacking takes one processor each. */
const AT_ONCE = 2;

/**
 * Unpacks files that may be layers as soon as they are there, a few at a time, beside whatever else is going on. Each file gets its digest
 * and what came of it written into it; a failure counts only when somebody wants the layer.
 */
export class EagerUnpacker {
  readonly #layers: LayerStore;
  readonly #queue: Unhashed[] = [];
  readonly #working = new Set<Promise<void>>();
  readonly #unpacked: UnpackedLayer[] = [];
  #stopped = false;

  constructor(layers: LayerStore) {
    this.#layers = layers;
  }

  add(file: IngestedFile): void {
    this.#queue.push(file);
    this.#next();
  }

  #next(): void {
    while (this.#working.size < AT_ONCE && this.#queue.length > 0 && !this.#stopped) {
      const work = this.#unpack(this.#queue.shift()!).finally(() => {
        this.#working.delete(work);
        this.#next();
      });
      this.#working.add(work);
    }
  }

  async #unpack(file: Unhashed): Promise<void> {
    try {
      const unpacked = await this.#layers.unpack(file.path);
      this.#unpacked.push(unpacked);
      file.unpacked = unpacked;
      file.digest = unpacked.digest;
    } catch (error) {
      file.unpacked = error instanceof EngineError ? error : new EngineError('system', String(error), { cause: error });
      file.digest = await digestOf(file.path).catch(() => '');
    }
  }

  /** When all is done that was added. */
  async finish(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Waits for what is under way, and takes away what has not become a layer. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.finish();
    await Promise.all(this.#unpacked.map(({ directory }) => this.#layers.discard(directory)));
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return `sha256:${hash.digest('hex')}`;
}
