import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { tryParseReference } from '@tinydocker/shared/reference.js';
import type { ArchiveFiles } from './archive-files.js';
import { type ArchivedImage, type ArchivedManifest, archivedImage } from './archived-image.js';
import { readImageConfig } from './config.js';
import { type IngestedFile, readDocument } from './ingest.js';
import { type Descriptor, type Manifest, readManifest } from './manifest.js';
import { OCI_MANIFEST } from './media-types.js';
import { choosePlatform, HOST, showPlatform } from './platform.js';

/** The entry of an OCI image layout. */
export const OCI_INDEX = 'index.json';

/** An index may name indexes; nobody needs more levels. */
const DEPTH_LIMIT = 4;

/** The blob of a descriptor, with the digest and the size that it promises. */
function find(files: ArchiveFiles, { digest, size }: Descriptor): IngestedFile {
  const file = files.get(`blobs/sha256/${digest.slice('sha256:'.length)}`);
  if (!file) throw invalid(`the archive has no blob ${digest}`);
  if (file.digest !== digest) throw invalid(`blob ${digest} in the archive has the digest ${file.digest}`);
  if (file.size !== size) throw invalid(`blob ${digest} in the archive has ${file.size} bytes instead of ${size}`);
  return file;
}

/** A document of the layout. @throws EngineError invalid */
async function readFile(file: IngestedFile, what: string, expected?: string): Promise<Manifest> {
  return readManifest((await readDocument(file, what)).json as Record<string, unknown>, what, expected);
}

/** Of several platforms the host's; the only one where there is no choice. Attestations are for no platform. */
function choose(manifests: readonly Descriptor[]): Descriptor {
  const real = manifests.filter(({ platform }) => platform?.os !== 'unknown');
  const chosen = choosePlatform(HOST, real) ?? (real.length === 1 ? real[0] : undefined);
  if (!chosen) throw invalid(`the archive has no image for ${showPlatform(HOST)}`);
  return chosen;
}

/** An image's manifest, and its exact bytes. */
interface Found {
  manifest: Manifest & { kind: 'image' };
  kept: ArchivedManifest;
}

/** Follows a descriptor to an image's manifest. */
async function followToManifest(files: ArchiveFiles, from: Descriptor): Promise<Found> {
  let descriptor = from;
  for (let depth = 0; depth < DEPTH_LIMIT; depth++) {
    const file = find(files, descriptor);
    const what = `the manifest ${file.digest}`;
    const { text, json } = await readDocument(file, what);
    const document = json as Record<string, unknown>;
    const manifest = readManifest(document, what, descriptor.mediaType);
    if (manifest.kind === 'image') {
      const mediaType = descriptor.mediaType ?? (document.mediaType as string | undefined) ?? OCI_MANIFEST;
      return { manifest, kept: { digest: file.digest, mediaType, content: Buffer.from(text, 'utf8') } };
    }
    descriptor = choose(manifest.manifests);
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
  const index = await readFile(files.get(OCI_INDEX)!, OCI_INDEX);
  if (index.kind !== 'index') throw invalid(`${OCI_INDEX} is no index`);
  const images = new Map<string, ArchivedImage>();
  for (const descriptor of index.manifests) {
    if (descriptor.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
    const image = await readImage(files, await followToManifest(files, descriptor), tagsOf(descriptor));
    const same = images.get(image.document.id);
    // Several names of one image are several descriptors.
    images.set(image.document.id, same ? { ...same, tags: [...same.tags, ...image.tags] } : image);
  }
  return [...images.values()];
}

async function readImage(files: ArchiveFiles, { manifest, kept }: Found, tags: string[]): Promise<ArchivedImage> {
  const document = await readImageConfig(find(files, manifest.config));
  return archivedImage(
    document,
    manifest.layers.map((layer) => find(files, layer)),
    tags,
    kept,
  );
}

/**
 * What registries call the images of an archive that is a layout as well, by image. What is amiss with the layout is no matter: the
 * other list of images counts.
 */
export async function keptManifests(files: ArchiveFiles): Promise<Map<string, ArchivedManifest>> {
  const manifests = new Map<string, ArchivedManifest>();
  if (!files.has(OCI_INDEX)) return manifests;
  try {
    const index = await readFile(files.get(OCI_INDEX)!, OCI_INDEX);
    for (const descriptor of index.kind === 'index' ? index.manifests : []) {
      if (descriptor.annotations?.['vnd.docker.reference.type'] !== undefined) continue;
      const { manifest, kept } = await followToManifest(files, descriptor);
      manifests.set(manifest.config.digest, kept);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  return manifests;
}
