import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Holds } from '../lib/holds.js';

/** How long what came in part waits for somebody who wants the rest, in ms. */
const KEPT_FOR = 24 * 60 * 60 * 1000;

/**
 * Blobs on their way from a registry, by digest: their beginning, as far as it has come. Whether it is the beginning of that blob shows
 * when it is whole. What nobody goes on with is removed after a day, or when images are pruned.
 */
export class PartialBlobs {
  readonly #directory: string;
  /** What somebody is working on. */
  readonly used = new Holds<string>();

  constructor(paths: { readonly partial: string }) {
    this.#directory = paths.partial;
  }

  /** The file of a blob, which need not be there. */
  path(digest: string): string {
    return join(this.#directory, digest.slice('sha256:'.length));
  }

  /** Bytes that have come. */
  size(digest: string): number {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size ?? 0;
  }

  remove(digest: string): void {
    rmSync(this.path(digest), { force: true });
  }

  /** Bytes of all of them. */
  total(): number {
    return this.#files().reduce((sum, [, { size }]) => sum + size, 0);
  }

  /** Removes what nobody is working on. Returns its bytes. @param age ms since it last grew */
  sweep(age = 0): number {
    let freed = 0;
    for (const [name, { size, mtimeMs }] of this.#files()) {
      if (this.used.has(`sha256:${name}`) || Date.now() - mtimeMs < age) continue;
      rmSync(join(this.#directory, name), { force: true });
      freed += size;
    }
    return freed;
  }

  /** At the start of a daemon. */
  restore(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.sweep(KEPT_FOR);
  }

  #files(): [string, { size: number; mtimeMs: number }][] {
    return readdirSync(this.#directory).flatMap((name) => {
      const stat = statSync(join(this.#directory, name), { throwIfNoEntry: false });
      return stat ? [[name, stat] as [string, typeof stat]] : [];
    });
  }
}
