import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { compressionOf } from '../../image/compression.js';
import { sha256 } from '../../image/digest.js';
import { type Descriptor, type Manifest, parseDocument, readManifest } from '../../image/manifest.js';
import {
  type Compression,
  DOCKER_CONFIG,
  DOCKER_LAYER_TYPE,
  DOCKER_MANIFEST_TYPE,
  LAYER_TYPE,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../../image/media-types.js';
import type { ImageManifest, ImageRecord } from '../../store/images.js';
import { isImageManifest } from './pull-manifest.js';
import { noSuchImage } from './resolve.js';

type ManifestDeps = Pick<Deps, 'images' | 'paths'>;

/** An image as registries know it: the manifest, and what it is made of. */
export interface ImageParts {
  readonly manifest: ImageManifest;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  /** The exact text of the configuration. */
  readonly config: Buffer;
}

/** A manifest that came with the image, where all its blobs are still here: the image keeps its digest. */
export function keptManifest(
  deps: ManifestDeps,
  image: ImageRecord,
): { manifest: ImageManifest; layers: readonly Descriptor[] } | undefined {
  for (const manifest of deps.images.manifests(image.id)) {
    if (!isImageManifest(manifest)) continue;
    let read: Manifest;
    try {
      read = readManifest(parseDocument(manifest.content, manifest.digest).json, manifest.digest, manifest.mediaType);
    } catch {
      continue; // written by an older daemon that checked less: it is made anew
    }
    if (read.kind !== 'image' || read.config.digest !== image.id) continue;
    if (read.layers.every(({ digest, size }) => deps.images.content.blobSize(digest) === size)) {
      return { manifest, layers: read.layers };
    }
  }
  return undefined;
}

/** Docker's form where it has words for all layers, else the OCI's. */
function makeManifest(
  deps: ManifestDeps,
  image: ImageRecord,
  config: Buffer,
): { manifest: ImageManifest; layers: Descriptor[] } {
  const blobs = deps.images.blobs(image.id);
  const kinds = blobs.map((digest): Compression => {
    const kind = compressionOf(deps.paths.blob(digest));
    if (kind) return kind;
    throw new EngineError('system', `layer ${digest} is compressed in a way that registries have no name for`);
  });
  const docker = kinds.every((kind) => kind === 'gzip');
  const layers = blobs.map((digest, i) => ({
    mediaType: docker ? DOCKER_LAYER_TYPE : LAYER_TYPE[kinds[i]!],
    size: deps.images.content.blobSize(digest)!,
    digest,
  }));
  const mediaType = docker ? DOCKER_MANIFEST_TYPE : OCI_MANIFEST;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: docker ? DOCKER_CONFIG : OCI_CONFIG, size: config.length, digest: image.id },
    layers,
  };
  const content = Buffer.from(JSON.stringify(document, undefined, docker ? 3 : 0));
  return { manifest: { digest: sha256(content), mediaType, content }, layers };
}

/** What a registry or an archive gets of an image. @throws EngineError not-found: it was removed meanwhile */
export function imageParts(deps: ManifestDeps, image: ImageRecord): ImageParts {
  const text = deps.images.configText(image.id);
  if (text === undefined) throw noSuchImage(image.id);
  const config = Buffer.from(text, 'utf8');
  return { ...(keptManifest(deps, image) ?? makeManifest(deps, image, config)), config };
}
