import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { parseReference, type Reference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { connectForPush } from '../../image/registry/connect.js';
import type { Repository } from '../../image/registry/repository.js';
import { hasBlob, uploadBlob, uploadManifest } from '../../image/registry/upload.js';
import { timestamp } from '../../lib/clock.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from './collect.js';
import { type CompressDeps, compressLayer } from './compress-layers.js';
import { publishImageName } from './publish.js';
import { imageParts, keptManifest } from './push-manifest.js';
import { registryAccess } from './registry-access.js';
import { noSuchImage } from './resolve.js';
import { LayerProgress, type ReportTransfer } from './transfer-progress.js';

export type PushDeps = CompressDeps & Pick<Deps, 'config' | 'events' | 'registries'>;

export interface PushRequest {
  name: string;
  /** None: all tags of the repository. */
  tag?: string;
  auth?: AuthConfig | undefined;
  signal: AbortSignal;
}

/** A name with a tag that is to be pushed. */
interface Local {
  reference: Reference;
  image: ImageRecord;
}

function localImages(deps: Pick<Deps, 'images'>, repository: Reference, tag: string | undefined): Local[] {
  const all = deps.images
    .list()
    .flatMap((image) => image.tags.map((name) => ({ reference: parseReference(name), image })))
    .filter(({ reference }) => reference.name === repository.name);
  const named = all.filter(({ reference }) => tag === undefined || reference.tag === tag);
  if (all.length > 0 && named.length === 0) {
    throw new EngineError('not-found', `tag does not exist: ${repository.familiarName}:${tag}`);
  }
  if (named.length > 0) return named.sort((a, b) => (a.reference.tag! < b.reference.tag! ? -1 : 1));
  throw new EngineError('not-found', `An image does not exist locally with the tag: ${repository.familiarName}`);
}

/** Repositories of the same registry that are known to have a blob: they were pulled or pushed. */
function repositoriesWith(deps: Pick<Deps, 'images'>, digest: string, target: Reference): string[] {
  const paths = new Set<string>();
  for (const image of deps.images.list()) {
    if (image.digests.length === 0 || !deps.images.blobs(image.id).includes(digest)) continue;
    for (const { domain, path } of image.digests.map(parseReference)) {
      if (domain === target.domain && path !== target.path) paths.add(path);
    }
  }
  return [...paths].slice(0, MOUNTS_LIMIT);
}

/** Repositories that are asked for one blob. */
const MOUNTS_LIMIT = 3;

/**
 * Pushes a name, or all names of a repository.
 * @throws EngineError not-found (no image of the name), invalid, unauthorized, forbidden, system
 */
export async function pushImages(deps: PushDeps, request: PushRequest, report: ReportTransfer): Promise<void> {
  const given = parseReference(request.name);
  if (given.digest !== undefined) throw invalid('cannot push a digest reference');
  const tag = request.tag || (given.familiar === request.name ? given.tag : undefined);
  report({ status: `The push refers to repository [${given.name}]` });
  const locals = localImages(deps, given, tag);
  const blobs = locals.flatMap(({ image }) => deps.images.blobs(image.id));
  const from = [...new Set(blobs.flatMap((digest) => repositoriesWith(deps, digest, given)))];
  const repository = await connectForPush(registryAccess(deps, request.auth), given.domain, given.path, from);
  for (const local of locals) await pushOne(deps, repository, local, report, request.signal);
}

async function pushOne(
  deps: PushDeps,
  repository: Repository,
  { reference, image }: Local,
  report: ReportTransfer,
  signal: AbortSignal,
): Promise<void> {
  const release = deps.layers.held.hold(image.layers);
  const releases = [release];
  try {
    const progress = image.layers.map((id) => new LayerProgress(deps.images.content.layer(id)!.diffId, report));
    for (const one of progress) one.say('Preparing');
    // What came from a registry is pushed as it came.
    const kept = keptManifest(deps, image);
    const blobs = kept?.layers.map(({ digest }) => digest) ?? deps.images.blobs(image.id);
    releases.push(deps.layers.heldBlobs.hold(blobs));
    await inParallel(deps.config.registries.uploads, blobs, signal, async (blob, i, inner) => {
      const digest = kept ? blob : await compressed(deps, repository, image, i, inner);
      releases.push(deps.layers.heldBlobs.hold([digest]));
      const size = deps.images.content.blobSize(digest) ?? 0;
      const content = { file: deps.paths.blob(digest) };
      const options = {
        signal: inner,
        attempts: deps.config.registries.attempts,
        from: repositoriesWith(deps, digest, reference),
        onProgress: (sent: number) => progress[i]!.step('Pushing', sent, size),
      };
      const uploaded = await uploadBlob(repository, { digest, size, content }, options);
      if (uploaded.how === 'present') progress[i]!.say('Layer already exists');
      else progress[i]!.say(uploaded.how === 'mounted' ? `Mounted from ${uploaded.from}` : 'Pushed');
    });
    const parts = imageParts(deps, image);
    const config = { digest: image.id, size: parts.config.length, content: { bytes: parts.config } };
    await uploadBlob(repository, config, { signal, attempts: deps.config.registries.attempts, from: [] });
    await uploadManifest(repository, reference.tag!, parts.manifest, signal);
    const { digest: Digest, content } = parts.manifest;
    remember(deps, reference, image, parts.manifest);
    report({ status: `${reference.tag}: digest: ${Digest} size: ${content.length}` });
    report({ progressDetail: {}, aux: { Tag: reference.tag, Digest, Size: content.length } });
    publishImageName(deps, 'push', image, reference.familiar, reference.familiarName);
  } finally {
    for (const one of releases) one();
    collectContent(deps);
  }
}

/** The blob of a layer that is to be pushed: compressed, unless the registry has it as it is. @throws EngineError not-found */
async function compressed(
  deps: PushDeps,
  repository: Repository,
  image: ImageRecord,
  position: number,
  signal: AbortSignal,
): Promise<string> {
  const blob = deps.images.blobs(image.id)[position];
  if (blob === undefined) throw noSuchImage(image.id); // removed meanwhile
  if (await hasBlob(repository, blob, signal)) return blob;
  await compressLayer(deps, image.id, position, signal);
  return deps.images.blobs(image.id)[position] ?? blob;
}

/** Does something with each, a few at a time; the first failure ends all. */
async function inParallel<T>(
  atOnce: number,
  items: readonly T[],
  outer: AbortSignal,
  work: (item: T, index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  let next = 0;
  let first: unknown;
  const run = async () => {
    while (next < items.length && !signal.aborted) {
      const index = next++;
      await work(items[index]!, index, signal).catch((error) => {
        first ??= error;
        failed.abort();
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
  outer.throwIfAborted();
  if (first) throw first;
}

/** The registry knows the image by this digest now. */
function remember(
  deps: PushDeps,
  reference: Reference,
  image: ImageRecord,
  manifest: ReturnType<typeof imageParts>['manifest'],
): void {
  if (!deps.images.get(image.id)) return; // removed meanwhile
  deps.images.addManifest(image.id, manifest);
  const name = `${reference.name}@${manifest.digest}`;
  if (deps.images.byTag(name)?.id !== image.id) deps.images.tag(name, image.id, timestamp());
}
