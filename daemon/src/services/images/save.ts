import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { invalid, notFound } from '@tinydocker/shared/errors.js';
import { parseReference, type Reference, tryParseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { matchesPlatform, type Platform, parsePlatformOption, showPlatform } from '../../image/platform.js';
import { tarEnd, tarHeader, tarPadding } from '../../image/tar-header.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from './collect.js';
import { publishImage } from './publish.js';
import { type ImageParts, imageParts } from './push-manifest.js';
import { requireImage } from './resolve.js';

export type SaveDeps = Pick<Deps, 'events' | 'images' | 'layers' | 'paths'>;

/** An image with the names under which it is saved. */
interface Chosen {
  readonly image: ImageRecord;
  readonly parts: ImageParts;
  readonly tags: Reference[];
}

/** Bytes of a file that are in memory at a time. */
const PIECE = 1 << 20;

const hexOf = (digest: string): string => digest.slice('sha256:'.length);
const pathOf = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;

/** What one word stands for: an id, a name, or all names of a repository. */
function find(deps: SaveDeps, word: string): { image: ImageRecord; tags: Reference[] }[] {
  const reference = tryParseReference(word);
  const named = reference && reference.digest === undefined && reference.familiarName === word;
  if (named) {
    const all = deps.images.list().flatMap((image) => {
      const tags = image.tags.map(parseReference).filter(({ name }) => name === reference.name);
      return tags.length > 0 ? [{ image, tags }] : [];
    });
    if (all.length > 0) return all;
  }
  const image = requireImage(deps, word);
  const tag = reference && image.tags.includes(reference.canonical) ? [reference] : [];
  return [{ image, tags: tag }];
}

function checkPlatform({ image }: Pick<Chosen, 'image'>, word: string, platform: Platform | undefined): void {
  const { os, architecture, variant } = image.config;
  if (!platform || matchesPlatform(platform, { os: os || 'linux', architecture, ...(variant && { variant }) })) return;
  throw notFound(
    `image with reference ${word} was found but does not provide the specified platform (${showPlatform(platform)})`,
  );
}

function choose(deps: SaveDeps, words: readonly string[], platform: Platform | undefined): Chosen[] {
  const chosen = new Map<string, Chosen>();
  for (const word of words) {
    for (const one of find(deps, word)) {
      checkPlatform(one, word, platform);
      const { image, tags } = one;
      const before = chosen.get(image.id);
      const all = [...(before?.tags ?? []), ...tags];
      const unique = all.filter((tag, i) => all.findIndex(({ canonical }) => canonical === tag.canonical) === i);
      chosen.set(image.id, { image, parts: before?.parts ?? imageParts(deps, image), tags: unique });
    }
  }
  return [...chosen.values()];
}

/** The documents that say what the blobs are: Docker's own and the OCI layout's. */
function documentsOf(chosen: readonly Chosen[]): [string, Buffer][] {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const manifests = chosen.flatMap(({ parts: { manifest }, tags }) => {
    const { mediaType, digest, content } = manifest;
    const descriptor = { mediaType, digest, size: content.length };
    if (tags.length === 0) return [descriptor];
    return tags.map(({ canonical, tag }) => ({
      ...descriptor,
      annotations: { 'io.containerd.image.name': canonical, 'org.opencontainers.image.ref.name': tag },
    }));
  });
  const list = chosen.map(({ image, parts, tags }) => ({
    Config: pathOf(image.id),
    RepoTags: tags.length > 0 ? tags.map(({ familiar }) => familiar) : null,
    Layers: parts.layers.map(({ digest }) => pathOf(digest)),
  }));
  const repositories: Record<string, Record<string, string>> = {};
  for (const { parts, tags } of chosen) {
    const top = parts.layers.at(-1);
    for (const { familiarName, tag } of top ? tags : []) {
      repositories[familiarName] = { ...repositories[familiarName], [tag!]: hexOf(top!.digest) };
    }
  }
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
  return [
    ['index.json', json(index)],
    ['manifest.json', json(list)],
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ...(Object.keys(repositories).length > 0 ? [['repositories', json(repositories)] as [string, Buffer]] : []),
  ];
}

async function* fileOf(path: string, size: number): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error(`${path} is shorter than it was`);
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function* archive(deps: SaveDeps, chosen: readonly Chosen[]): AsyncGenerator<Buffer> {
  const small = new Map<string, Buffer>();
  const files = new Map<string, number>();
  for (const { image, parts } of chosen) {
    small.set(image.id, parts.config);
    small.set(parts.manifest.digest, parts.manifest.content);
    for (const { digest, size } of parts.layers) files.set(digest, size);
  }
  for (const name of ['blobs/', 'blobs/sha256/']) yield tarHeader({ name, size: 0, directory: true });
  for (const digest of [...small.keys(), ...files.keys()].sort()) {
    const content = small.get(digest);
    const size = content?.length ?? files.get(digest)!;
    yield tarHeader({ name: pathOf(digest), size });
    if (content) yield content;
    else yield* fileOf(deps.paths.blob(digest), size);
    yield tarPadding(size);
  }
  for (const [name, content] of documentsOf(chosen)) {
    yield Buffer.concat([tarHeader({ name, size: content.length }), content, tarPadding(content.length)]);
  }
  yield tarEnd();
  for (const { image } of chosen) publishImage(deps, 'save', image);
}

/**
 * Images as one archive: a docker-archive with an OCI layout inside. The layers are the blobs that they came as, so that whoever loads
 * it has the same digests.
 * @returns its bytes; what they are made of stays until they have been taken
 * @throws EngineError not-found, invalid
 */
export function saveImages(deps: SaveDeps, words: readonly string[], platformText?: string): Readable {
  if (words.length === 0 || words.includes('')) throw invalid('no image to save: name at least one');
  const chosen = choose(deps, words, platformText ? parsePlatformOption(platformText) : undefined);
  const releases = chosen.map(({ parts }) => deps.layers.heldBlobs.hold(parts.layers.map(({ digest }) => digest)));
  const stream = Readable.from(archive(deps, chosen), { objectMode: false, highWaterMark: PIECE });
  // Also when nobody has read a byte of it.
  stream.once('close', () => {
    for (const release of releases) release();
    collectContent(deps);
  });
  return stream;
}
