import { invalid } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { ImageDocument } from './config.js';
import { chainIds } from './digest.js';
import type { IngestedFile } from './ingest.js';

/** A layer that an archive brought: what it says it is, and the file that should be it. */
export interface ArchivedLayer {
  readonly chainId: string;
  /** Still to be compared with what unpacking finds. */
  readonly diffId: string;
  readonly file: IngestedFile;
}

/** An image that an archive brought. */
export interface ArchivedImage {
  readonly document: ImageDocument;
  /** Lowest first. */
  readonly layers: readonly ArchivedLayer[];
  /** Canonical references. */
  readonly tags: readonly string[];
  /** What a registry called it, where the archive says: it is called so again when it is pushed. */
  readonly manifest?: ArchivedManifest;
}

export interface ArchivedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** @throws EngineError invalid: not as many files as the configuration has layers */
export function archivedImage(
  document: ImageDocument,
  files: readonly IngestedFile[],
  tags: readonly string[],
  manifest?: ArchivedManifest,
): ArchivedImage {
  if (files.length !== document.diffIds.length) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${document.diffIds.length}, got ${files.length}`);
  }
  const chain = chainIds(document.diffIds);
  const layers = files.map((file, i) => ({ chainId: chain[i]!, diffId: document.diffIds[i]!, file }));
  return { document, layers, tags, ...(manifest && { manifest }) };
}

/** A name from an archive as a canonical reference. @throws EngineError invalid */
export function tagFrom(name: string): string {
  const reference = parseReference(name);
  if (reference.digest !== undefined || reference.tag === undefined) throw invalid(`invalid tag "${name}"`);
  return reference.canonical;
}
