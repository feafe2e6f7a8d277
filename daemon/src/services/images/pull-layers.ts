import { createReadStream } from 'node:fs';
import { EngineError, invalid, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { ArchivedLayer } from '../../image/archived-image.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { downloadBlob } from '../../image/registry/download.js';
import type { Repository } from '../../image/registry/repository.js';
import { NoSpaceError } from '../../image/unpack.js';
import type { UnpackedLayers } from './insert.js';
import type { RemoteLayer } from './pull-manifest.js';
import { LayerProgress, type ReportTransfer } from './transfer-progress.js';

export type PullLayersDeps = Pick<Deps, 'config' | 'images' | 'layers' | 'locks' | 'partial' | 'paths'>;

/** Layers with one blob: it is fetched once. */
interface Job {
  readonly digest: string;
  readonly size: number;
  readonly layers: readonly RemoteLayer[];
  readonly progress: LayerProgress;
}

/** Whether an image with this layer could be added as it is: the layer is there, and what it came from. */
function isPresent(deps: Pick<Deps, 'images'>, { chainId }: RemoteLayer): boolean {
  const layer = deps.images.content.layerByChain(chainId);
  return layer !== undefined && deps.images.content.blobOfLayer(layer.id) !== undefined;
}

/** What is to be fetched or unpacked, one job a blob. */
function jobsOf(layers: readonly RemoteLayer[], progress: ReadonlyMap<string, LayerProgress>): Job[] {
  const byDigest = new Map<string, RemoteLayer[]>();
  for (const layer of layers) {
    const { digest } = layer.descriptor;
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), layer]);
  }
  return [...byDigest].map(([digest, same]) => ({
    digest,
    size: same[0]!.descriptor.size,
    layers: same,
    progress: progress.get(digest)!,
  }));
}

/** Holds the locks of all, in one order for everybody: nobody waits for somebody who waits for him. */
function withLocks<T>(deps: Pick<Deps, 'locks'>, keys: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = keys;
  return first === undefined ? work() : deps.locks.run(first, () => withLocks(deps, rest, work));
}

/**
 * Fetches and unpacks the layers that are not there, several at a time, each while it arrives, and calls `done` with what an image is
 * made of. What has come when it fails stays, for the next attempt; what is unpacked goes.
 * @throws EngineError invalid (other bytes than promised, a broken layer), system
 */
export async function withLayers<T>(
  deps: PullLayersDeps,
  repository: Repository,
  layers: readonly RemoteLayer[],
  report: ReportTransfer,
  signal: AbortSignal,
  done: (archived: ArchivedLayer[], unpacked: UnpackedLayers) => T,
): Promise<T> {
  const progress = new Map(
    layers.map(({ descriptor: { digest } }) => [digest, new LayerProgress(digest, report)] as const),
  );
  for (const layer of layers) {
    progress.get(layer.descriptor.digest)!.say(isPresent(deps, layer) ? 'Already exists' : 'Pulling fs layer');
  }
  const wanted = layers.filter((layer) => !isPresent(deps, layer));
  const digests = [...new Set(wanted.map(({ descriptor }) => descriptor.digest))].sort();
  const releases = [deps.partial.used.hold(digests)];
  const unpacked: UnpackedLayers = new Map();
  try {
    return await withLocks(
      deps,
      digests.map((digest) => `blob ${digest}`),
      async () => {
        signal.throwIfAborted();
        // Again: somebody else may have brought some meanwhile. What is there now must still be there at the end.
        const present = layers.filter((layer) => isPresent(deps, layer));
        const held = present.map(({ chainId }) => deps.images.content.layerByChain(chainId)!.id);
        releases.push(deps.layers.held.hold(held));
        for (const layer of wanted)
          if (present.includes(layer)) progress.get(layer.descriptor.digest)!.say('Already exists');
        const jobs = jobsOf(
          layers.filter((layer) => !present.includes(layer)),
          progress,
        );
        await runJobs(deps, repository, jobs, unpacked, signal);
        return done(
          layers.map((layer) => archivedOf(deps, layer)),
          unpacked,
        );
      },
    );
  } catch (error) {
    // What has come would keep the disk full.
    if (isNoSpace(error)) for (const digest of digests) deps.partial.remove(digest);
    throw error;
  } finally {
    await Promise.all([...unpacked.values()].map(({ directory }) => deps.layers.discard(directory)));
    for (const release of releases) release();
  }
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof NoSpaceError || (error instanceof EngineError && error.cause instanceof NoSpaceError);

const archivedOf = (
  deps: PullLayersDeps,
  { chainId, diffId, descriptor: { digest, size } }: RemoteLayer,
): ArchivedLayer => ({
  chainId,
  diffId,
  file: { path: deps.partial.path(digest), digest, size },
});

async function runJobs(
  deps: PullLayersDeps,
  repository: Repository,
  jobs: Job[],
  unpacked: UnpackedLayers,
  outer: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  for (const { progress } of jobs.slice(deps.config.registries.downloads)) progress.say('Waiting');
  const queue = [...jobs];
  const work = async () => {
    for (let job = queue.shift(); job && !signal.aborted; job = queue.shift())
      await runJob(deps, repository, job, unpacked, signal);
  };
  let first: unknown;
  const guarded = () =>
    work().catch((error) => {
      first ??= error;
      failed.abort();
    });
  // All of them, also after a failure: none may still write when the directories are removed.
  await Promise.all(Array.from({ length: deps.config.registries.downloads }, guarded));
  outer.throwIfAborted();
  if (first) throw first;
}

async function runJob(
  deps: PullLayersDeps,
  repository: Repository,
  job: Job,
  unpacked: UnpackedLayers,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...rest] = job.layers;
  const { progress, size } = job;
  const stored = deps.images.content.hasBlob(job.digest);
  const keep = (layer: RemoteLayer, result: UnpackedLayer) => {
    unpacked.set(layer.chainId, result);
    if (result.diffId !== layer.diffId) {
      deps.partial.remove(job.digest); // an image that lies is not asked for again
      throw invalid(
        `layer ${layer.diffId} has the digest ${result.diffId}: the image is not what its configuration says`,
      );
    }
  };
  try {
    if (!stored) keep(first!, await receive(deps, repository, job, signal));
    for (const layer of stored ? job.layers : rest) {
      progress.step('Extracting', 0, size);
      const file = stored ? deps.paths.blob(job.digest) : deps.partial.path(job.digest);
      keep(layer, await deps.layers.unpack(file));
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof EngineError && error.message.startsWith('layer ')
      ? error
      : within(`layer ${job.digest}`, error);
  }
  progress.step('Extracting', size, size);
  progress.say('Pull complete');
}

/** Passes on what is there already, then the rest from the registry; checks what has come of it. */
async function receive(
  deps: PullLayersDeps,
  repository: Repository,
  job: Job,
  signal: AbortSignal,
  again = true,
): Promise<UnpackedLayer> {
  const { digest, size, progress } = job;
  const file = deps.partial.path(digest);
  let from = deps.partial.size(digest);
  if (from > size) {
    deps.partial.remove(digest);
    from = 0;
  }
  let result: UnpackedLayer;
  try {
    result = await deps.layers.receive(file, async (write) => {
      if (from > 0)
        for await (const piece of createReadStream(file, { end: from - 1, highWaterMark: 1 << 18, signal }))
          await write(piece as Buffer);
      let at = from;
      const sink = {
        write(piece: Buffer) {
          at += piece.length;
          progress.step('Downloading', at, size);
          return write(piece);
        },
      };
      const onRetry = (seconds: number) => progress.say(`Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`);
      await downloadBlob(repository, job, sink, { signal, from, attempts: deps.config.registries.attempts, onRetry });
      progress.say('Verifying Checksum');
      progress.say('Download complete');
    });
  } catch (error) {
    // Bytes that make no layer are no use to anyone; what was broken off is.
    if (error instanceof EngineError && error.kind === 'invalid') {
      deps.partial.remove(digest);
      if (from > 0 && again) return receive(deps, repository, job, signal, false);
    }
    throw error;
  }
  if (result.digest === digest && result.inputSize === size) return result;
  await deps.layers.discard(result.directory);
  deps.partial.remove(digest);
  // What was there before may have been another's: once more from the start.
  if (from > 0 && again) return receive(deps, repository, job, signal, false);
  throw invalid(`the registry gives bytes with the digest ${result.digest} for the blob ${digest}`);
}
