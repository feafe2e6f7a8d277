import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { removeTree } from '../../image/unpack.js';
import { newId } from '../../lib/ids.js';

/** ms in which directories are gathered that are then deleted together. */
const GATHER = 200;

/**
 * Where directories of removed containers go: taken away in one rename, deleted by a program of its own, many at a time and
 * not while the next request is served. What a daemon leaves here when it ends, the next one deletes.
 */
export class ContainerTrash {
  readonly #directory: string;
  readonly #log: Logger;
  #batch: string | undefined;

  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
  }

  /** The directory that is being filled; a new one is deleted after a while. */
  #open(): string {
    if (this.#batch !== undefined) return this.#batch;
    const batch = join(this.#directory, `containers-${newId()}`);
    mkdirSync(batch, { recursive: true, mode: 0o700 });
    this.#batch = batch;
    setTimeout(() => {
      this.#batch = undefined;
      removeTree(batch).catch((error) => this.#log.warn({ err: error }, 'empty trash'));
    }, GATHER).unref();
    return batch;
  }

  /** Takes a directory away. Does nothing where there is none. */
  discard(path: string): void {
    try {
      renameSync(path, join(this.#open(), newId()));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
