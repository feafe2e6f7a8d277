import { EngineError, invalid, notFound } from '@tinydocker/shared/errors.js';
import type { Reference } from '@tinydocker/shared/reference.js';
import { checkImageConfig, type ImageDocument } from '../../image/config.js';
import { chainIds } from '../../image/digest.js';
import { type Descriptor, type Manifest, parseDocument, readManifest } from '../../image/manifest.js';
import { DOCKER_MANIFEST_TYPE, OCI_MANIFEST } from '../../image/media-types.js';
import { choosePlatform, HOST, matchesPlatform, type Platform, showPlatform } from '../../image/platform.js';
import { type FetchedManifest, fetchManifest, fetchSmallBlob } from '../../image/registry/download.js';
import type { Repository } from '../../image/registry/repository.js';
import type { ImageManifest } from '../../store/images.js';

/** A layer as a registry has it. */
export interface RemoteLayer {
  readonly chainId: string;
  readonly diffId: string;
  readonly descriptor: Descriptor;
}

/** An image in a registry, all but its layers' bytes. */
export interface RemoteImage {
  readonly document: ImageDocument;
  /** Lowest first. */
  readonly layers: readonly RemoteLayer[];
  /** Of what the name stands for: an index, where there is one. */
  readonly digest: string;
  /** The image's own manifest, and the index that led to it. */
  readonly manifests: readonly ImageManifest[];
}

const DEPTH_LIMIT = 4;

function read({ bytes, mediaType, digest }: FetchedManifest): Manifest {
  const what = `the manifest ${digest}`;
  return readManifest(parseDocument(bytes, what).json, what, mediaType);
}

const kept = ({ digest, mediaType, bytes }: FetchedManifest): ImageManifest => {
  const told = (JSON.parse(bytes.toString('utf8')) as { mediaType?: string }).mediaType;
  return { digest, mediaType: mediaType ?? told ?? OCI_MANIFEST, content: bytes };
};

/**
 * Finds out what a name stands for in a registry, down to one platform.
 * @throws EngineError not-found (no such image, none for the platform), invalid, unauthorized, forbidden, system
 */
export async function fetchImage(
  repository: Repository,
  reference: Reference,
  platform: Platform | undefined,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const shown = reference.familiar;
  const first = await fetchManifest(repository, reference.digest ?? reference.tag!, shown, signal);
  const manifests = [kept(first)];
  let manifest = read(first);
  for (let depth = 0; manifest.kind === 'index'; depth++) {
    if (depth === DEPTH_LIMIT) throw invalid(`the manifest ${first.digest} has indexes within indexes`);
    const chosen = chooseManifest(manifest.manifests, platform);
    const next = await fetchManifest(repository, chosen.digest, shown, signal);
    if (next.bytes.length !== chosen.size) {
      throw invalid(`the manifest ${chosen.digest} has ${next.bytes.length} bytes instead of ${chosen.size}`);
    }
    const typed = { ...next, mediaType: next.mediaType ?? chosen.mediaType };
    manifests.push(kept(typed));
    manifest = read(typed);
  }
  const { config, layers } = manifest;
  const bytes = await fetchSmallBlob(repository, config, signal);
  const { text, json } = parseDocument(bytes, `the image configuration ${config.digest}`);
  const document = checkImageConfig(config.digest, text, json);
  if (layers.length !== document.diffIds.length) {
    throw invalid(
      `the image ${shown} has ${layers.length} layers, and its configuration speaks of ${document.diffIds.length}`,
    );
  }
  const chain = chainIds(document.diffIds);
  return {
    document,
    layers: layers.map((descriptor, i) => ({ chainId: chain[i]!, diffId: document.diffIds[i]!, descriptor })),
    digest: first.digest,
    manifests,
  };
}

/** Attestations are for no platform. */
function chooseManifest(manifests: readonly Descriptor[], platform: Platform | undefined): Descriptor {
  const wanted = platform ?? HOST;
  const chosen = choosePlatform(wanted, manifests);
  if (chosen) return chosen;
  throw notFound(`no matching manifest for ${showPlatform(wanted)} in the manifest list entries`);
}

/** What is said where an image that is for one platform only is for another than was asked for. */
export function platformWarning(
  reference: Reference,
  document: ImageDocument,
  platform: Platform | undefined,
): string | undefined {
  if (!platform) return undefined;
  const { os, architecture, variant } = document.config;
  const own = { os: os || 'linux', architecture: architecture || HOST.architecture, ...(variant && { variant }) };
  if (matchesPlatform(platform, own)) return undefined;
  return (
    `WARNING: image with reference ${reference.familiar} was found but its platform (${showPlatform(own)}) ` +
    `does not match the specified platform (${showPlatform(platform)})`
  );
}

/** Docker's words for a repository that is not there, or not for us: registries do not say which. */
export function accessDenied(error: unknown, reference: Reference): unknown {
  const refused = error instanceof EngineError && (error.kind === 'unauthorized' || error.kind === 'forbidden');
  if (!refused) return error;
  const said = error.message.replace(/^.*?: (?=(denied|unauthorized|insufficient))/s, '');
  return notFound(
    `pull access denied for ${reference.familiarName}, repository does not exist or may require 'docker login': ${said}`,
    { cause: error },
  );
}

/** Whether a manifest is one image's. */
export const isImageManifest = ({ mediaType }: ImageManifest): boolean =>
  mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST_TYPE;
