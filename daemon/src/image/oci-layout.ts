import { invalid } from '@tinydocker/shared/errors.js';
import { tryParseReference } from '@tinydocker/shared/reference.js';
import type { ArchiveFiles } from './archive-files.js';
import { type ArchivedImage, archivedImage } from './archived-image.js';
import { readImageConfig } from './config.js';
import { isDigest } from './digest.js';
import { type IngestedFile, readDocument } from './ingest.js';

/** The entry of an OCI image layout. */
export const OCI_INDEX = 'index.json';

/** An index may name indexes; nobody needs more levels. */
const DEPTH_LIMIT = 4;
const MANIFESTS_LIMIT = 1000;

/** What points to content: OCI image specification, "Descriptor". */
interface Descriptor {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: { os?: string; architecture?: string; variant?: string };
  annotations?: Record<string, string>;
}

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const CONFIG_TYPES = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
const LAYER_TYPES =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1|docker\.image\.rootfs\.(foreign\.)?diff)\.tar/;

/** Node's names of machines in Go's words. */
const ARCHITECTURE: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' };
const HOST = ARCHITECTURE[process.arch] ?? process.arch;

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { digest, size, annotations, platform } = value as Record<string, unknown>;
  const object = (v: unknown) => v === undefined || v === null || (typeof v === 'object' && !Array.isArray(v));
  return isDigest(digest) && Number.isSafeInteger(size) && object(annotations) && object(platform);
}

/** The blob of a descriptor, with the digest and the size that it promises. */
function find(files: ArchiveFiles, { digest, size }: Descriptor): IngestedFile {
  const file = files.get(`blobs/sha256/${digest.slice('sha256:'.length)}`);
  if (!file) throw invalid(`the archive has no blob ${digest}`);
  if (file.digest !== digest) throw invalid(`blob ${digest} in the archive has the digest ${file.digest}`);
  if (file.size !== size) throw invalid(`blob ${digest} in the archive has ${file.size} bytes instead of ${size}`);
  return file;
}

type Document = Record<string, unknown>;

/**
 * A manifest or an index; the same bytes must not be both (CVE-2021-41190).
 * @throws EngineError invalid
 */
async function readManifest(file: IngestedFile, expected: string | undefined): Promise<Document> {
  const what = `the manifest ${file.digest}`;
  const document = (await readDocument(file, what)).json as Document;
  const both = 'manifests' in document && ('layers' in document || 'config' in document);
  if (both) throw invalid(`${what} is both an index and a manifest`);
  const told = document.mediaType;
  if (told !== undefined && expected !== undefined && told !== expected) {
    throw invalid(`${what} says that it is ${JSON.stringify(told)} instead of ${expected}`);
  }
  return document;
}

function descriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value) || !value.every(isDescriptor)) throw invalid(`${what} has a malformed descriptor`);
  if (value.length > MANIFESTS_LIMIT) throw invalid(`${what} has more than ${MANIFESTS_LIMIT} descriptors`);
  return value;
}

/** Of several platforms the host's; the only one where there is no choice. Attestations are for no platform. */
function choose(manifests: readonly Descriptor[]): Descriptor {
  const real = manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const mine = real.find(({ platform }) => platform?.os === 'linux' && platform.architecture === HOST);
  const chosen = mine ?? (real.length === 1 ? real[0] : undefined);
  if (!chosen) throw invalid(`the archive has no image for linux/${HOST}`);
  return chosen;
}

/** Follows a descriptor to an image's manifest. */
async function followToManifest(files: ArchiveFiles, from: Descriptor): Promise<Document> {
  let descriptor = from;
  for (let depth = 0; depth < DEPTH_LIMIT; depth++) {
    const document = await readManifest(find(files, descriptor), descriptor.mediaType);
    const type = descriptor.mediaType ?? document.mediaType;
    if (typeof type === 'string' && !INDEX_TYPES.includes(type) && !MANIFEST_TYPES.includes(type)) {
      throw invalid(`${descriptor.digest} is ${JSON.stringify(type)}, which is not an image`);
    }
    if (!('manifests' in document)) return document;
    descriptor = choose(descriptors(document.manifests, `the index ${descriptor.digest}`));
  }
  throw invalid('the archive has indexes within indexes');
}

/** The name of an image: in full where containerd or docker wrote it; else what skopeo and buildah call the reference. */
function tagsOf({ annotations }: Descriptor): string[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
  // A bare word is a tag without a repository: no name.
  if (typeof name !== 'string' || !/[:/]/.test(name)) return [];
  const reference = tryParseReference(name);
  return reference && reference.digest === undefined ? [reference.canonical] : [];
}

/**
 * The images of an OCI image layout: of each the variant for this machine.
 * @throws EngineError invalid
 */
export async function readOciLayout(files: ArchiveFiles): Promise<ArchivedImage[]> {
  const index = await readManifest(files.get(OCI_INDEX)!, undefined);
  const images = new Map<string, ArchivedImage>();
  for (const descriptor of descriptors(index.manifests, OCI_INDEX)) {
    if (descriptor.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
    const manifest = await followToManifest(files, descriptor);
    const image = await readImage(files, manifest, tagsOf(descriptor));
    const same = images.get(image.document.id);
    // Several names of one image are several descriptors.
    images.set(image.document.id, same ? { ...same, tags: [...same.tags, ...image.tags] } : image);
  }
  return [...images.values()];
}

async function readImage(files: ArchiveFiles, manifest: Document, tags: string[]): Promise<ArchivedImage> {
  const [config] = descriptors([manifest.config], 'the manifest');
  const layers = descriptors(manifest.layers ?? [], 'the manifest');
  if (config?.mediaType !== undefined && !CONFIG_TYPES.includes(config.mediaType)) {
    throw invalid(`the archive holds ${JSON.stringify(config.mediaType)}, which is not a container image`);
  }
  for (const { mediaType } of layers) {
    if (mediaType !== undefined && !LAYER_TYPES.test(mediaType)) {
      throw invalid(`the image has a layer of the unknown type ${JSON.stringify(mediaType)}`);
    }
  }
  const document = await readImageConfig(find(files, config!));
  return archivedImage(
    document,
    layers.map((layer) => find(files, layer)),
    tags,
  );
}
