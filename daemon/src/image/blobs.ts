import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where blobs lie: one file each, named by its digest. */
export interface BlobPaths {
  readonly blobs: string;
  blob(digest: string): string;
}

/** Makes a received file the blob with this digest, which the caller has computed from its bytes. */
export const placeBlob = (paths: BlobPaths, file: string, digest: string): void => renameSync(file, paths.blob(digest));

export const removeBlob = (paths: BlobPaths, digest: string): void => rmSync(paths.blob(digest), { force: true });

/** After a crash: removes files that have no row. Returns the digests in `known` whose file is missing. */
export function restoreBlobs(paths: BlobPaths, known: ReadonlySet<string>): string[] {
  mkdirSync(paths.blobs, { recursive: true, mode: 0o700 });
  const there = new Set(readdirSync(paths.blobs));
  for (const name of there) {
    if (!known.has(`sha256:${name}`)) rmSync(join(paths.blobs, name), { recursive: true, force: true });
  }
  return [...known].filter((digest) => !there.has(digest.slice('sha256:'.length)));
}
