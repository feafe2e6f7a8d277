import { invalid } from '@tinydocker/shared/errors.js';
import { isDigest } from './digest.js';
import { isConfigType, isIndexType, isLayerType, isManifestType, isSchema1 } from './media-types.js';
import type { Platform } from './platform.js';

/** What points to content: OCI image specification, "Descriptor". */
export interface Descriptor {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: Partial<Platform>;
  annotations?: Record<string, string>;
}

/** An image's manifest or a list of manifests. */
export type Manifest =
  | { readonly kind: 'index'; readonly manifests: readonly Descriptor[] }
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] };

/** What the text of a document may take: manifests and configurations are read into memory. */
export const DOCUMENT_LIMIT = 4 * 1024 * 1024;
const DESCRIPTORS_LIMIT = 1000;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isOptionalObject = (value: unknown): boolean => value === undefined || value === null || isObject(value);

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { digest, size, mediaType, annotations, platform } = value as Record<string, unknown>;
  const typed = mediaType === undefined || typeof mediaType === 'string';
  const sized = Number.isSafeInteger(size) && (size as number) >= 0;
  return isDigest(digest) && sized && typed && isOptionalObject(annotations) && isOptionalObject(platform);
}

/** A list of descriptors. @throws EngineError invalid: malformed, too many */
export function readDescriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value) || !value.every(isDescriptor)) throw invalid(`${what} has a malformed descriptor`);
  if (value.length > DESCRIPTORS_LIMIT) throw invalid(`${what} has more than ${DESCRIPTORS_LIMIT} descriptors`);
  return value;
}

function checkType(what: string, type: unknown): void {
  if (type === undefined) return;
  if (typeof type !== 'string') throw invalid(`${what} has a media type that is none`);
  if (isSchema1(type)) throw invalid(`${what} is a Docker image manifest of schema 1, which nobody makes any more`);
  if (!isIndexType(type) && !isManifestType(type)) {
    throw invalid(`${what} is ${JSON.stringify(type)}, which is not an image`);
  }
}

/**
 * A manifest or an index, never both by the same bytes (CVE-2021-41190).
 * @param what names it in errors
 * @param expected what whoever pointed to it, or sent it, says that it is
 * @throws EngineError invalid
 */
export function readManifest(document: Record<string, unknown>, what: string, expected?: string): Manifest {
  const both = 'manifests' in document && ('layers' in document || 'config' in document || 'fsLayers' in document);
  if (both) throw invalid(`${what} is both an index and a manifest`);
  const { mediaType, schemaVersion } = document;
  if (mediaType !== undefined && expected !== undefined && mediaType !== expected) {
    throw invalid(`${what} says that it is ${JSON.stringify(mediaType)} instead of ${expected}`);
  }
  const type = expected ?? mediaType;
  checkType(what, type);
  if (schemaVersion === 1) throw invalid(`${what} is a Docker image manifest of schema 1, which nobody makes any more`);
  const index = 'manifests' in document;
  if (typeof type === 'string' && isIndexType(type) !== index) {
    throw invalid(`${what} is called ${type} and is ${index ? 'an index' : 'a manifest'}`);
  }
  if (index) return { kind: 'index', manifests: readDescriptors(document.manifests, what) };
  return readImageManifest(document, what);
}

function readImageManifest(document: Record<string, unknown>, what: string): Manifest {
  const [config] = readDescriptors([document.config], what);
  const layers = readDescriptors(document.layers ?? [], what);
  if (config?.mediaType !== undefined && !isConfigType(config.mediaType)) {
    throw invalid(`${what} is of ${JSON.stringify(config.mediaType)}, which is not a container image`);
  }
  for (const { mediaType } of layers) {
    if (mediaType !== undefined && !isLayerType(mediaType)) {
      throw invalid(`${what} has a layer of the unknown type ${JSON.stringify(mediaType)}`);
    }
  }
  return { kind: 'image', config: config!, layers };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as a JSON object or list. @throws EngineError invalid */
export function parseDocument(bytes: Buffer, what: string): { text: string; json: Record<string, unknown> } {
  if (bytes.length > DOCUMENT_LIMIT) throw invalid(`${what} is larger than ${DOCUMENT_LIMIT} bytes`);
  let text: string;
  let json: unknown;
  try {
    text = utf8.decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`${what} is not valid JSON`, { cause: error });
  }
  if (typeof json !== 'object' || json === null) throw invalid(`${what} is not a JSON object`);
  return { text, json: json as Record<string, unknown> };
}
