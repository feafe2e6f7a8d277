import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../lib/ids.js';

/** Where blobs lie: one file each, named by its digest. */
export interface BlobPaths {
  readonly blobs: string;
  blob(digest: string): string;
}

/** Makes a received file the blob with this digest, which the caller has computed from its bytes. */
export const placeBlob = (paths: BlobPaths, file: string, digest: string): void => renameSync(file, paths.blob(digest));

/** Takes a blob away at once, by a rename; its pages are given back in the background: of a large one that takes a while. */
export function removeBlob(paths: BlobPaths & { readonly trash: string }, digest: string): void {
  const trash = join(paths.trash, newId());
  try {
    renameSync(paths.blob(digest), trash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // What cannot be removed now stays in the trash, which is emptied at the next start.
  unlink(trash).catch(() => {});
}

/** After a crash: removes files that have no row. Returns the digests in `known` whose file is missing. */
export function restoreBlobs(paths: BlobPaths, known: ReadonlySet<string>): string[] {
  mkdirSync(paths.blobs, { recursive: true, mode: 0o700 });
  const there = new Set(readdirSync(paths.blobs));
  for (const name of there) {
    if (!known.has(`sha256:${name}`)) rmSync(join(paths.blobs, name), { recursive: true, force: true });
  }
  return [...known].filter((digest) => !there.has(digest.slice('sha256:'.length)));
}
