import { setTimeout as delay } from 'node:timers/promises';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { sha256 } from '../digest.js';
import { type Descriptor, DOCUMENT_LIMIT } from '../manifest.js';
import { ACCEPTED } from '../media-types.js';
import { type Repository, registryError } from './repository.js';
import { type Incoming, readBytes } from './transport.js';

/** A manifest as a registry gives it. */
export interface FetchedManifest {
  readonly digest: string;
  readonly mediaType: string | undefined;
  readonly bytes: Buffer;
}

/** A type without its parameters. */
const typeOf = (answer: Incoming): string | undefined => {
  const type = String(answer.headers['content-type'] ?? '')
    .split(';', 1)[0]!
    .trim();
  // Registries without a word of their own say one of these.
  return type === '' || type === 'text/plain' || type === 'application/json' || type === 'application/octet-stream'
    ? undefined
    : type;
};

/**
 * Fetches a manifest or an index by tag or digest. Its digest is of the bytes that came, whatever the registry says.
 * @param shown the image in sentences
 * @throws EngineError not-found, invalid (another digest, too large), unauthorized, forbidden, system
 */
export async function fetchManifest(
  repository: Repository,
  reference: string,
  shown: string,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  const url = repository.url(`manifests/${reference}`);
  const answer = await repository.send(url, { headers: { accept: ACCEPTED.join(', ') }, signal });
  if (answer.status !== 200) throw await registryError(answer, `manifest for ${shown}`);
  const length = Number(answer.headers['content-length'] ?? 0);
  if (length > DOCUMENT_LIMIT) {
    await answer.body.dump();
    throw invalid(`the manifest of ${shown} is larger than ${DOCUMENT_LIMIT} bytes`);
  }
  const bytes = await readBytes(answer, DOCUMENT_LIMIT);
  const digest = sha256(bytes);
  if (reference.includes(':') && reference !== digest) {
    throw invalid(`the registry gives a manifest with the digest ${digest} for ${shown}`);
  }
  return { digest, mediaType: typeOf(answer), bytes };
}

/** Fetches a small blob into memory and verifies it. @throws EngineError */
export async function fetchSmallBlob(
  repository: Repository,
  { digest, size }: Descriptor,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (size > DOCUMENT_LIMIT) throw invalid(`the blob ${digest} is larger than ${DOCUMENT_LIMIT} bytes`);
  const answer = await repository.send(repository.url(`blobs/${digest}`), { signal });
  if (answer.status !== 200) throw await registryError(answer, `blob ${digest}`);
  const bytes = await readBytes(answer, size);
  if (bytes.length !== size || sha256(bytes) !== digest) {
    throw invalid(`the registry gives other bytes for the blob ${digest}`);
  }
  return bytes;
}

/** Where the bytes of a blob go. */
export interface BlobSink {
  /** Takes one piece; resolves when there is room for the next. */
  write(piece: Buffer): Promise<void> | void;
}

export interface DownloadOptions {
  signal: AbortSignal;
  /** Bytes that are there already. */
  from: number;
  /** How often it is tried again without a step forward. */
  attempts: number;
  /** Told before another attempt, with the seconds until it. */
  onRetry?: (seconds: number) => void;
}

/** A step forward, which makes the next failure the first again: a registry that gives a byte at a time does not keep us for ever. */
const STEP = 1 << 20;

/** What no second attempt mends. */
const isFinal = (error: unknown): boolean => error instanceof EngineError && error.kind !== 'system';

/**
 * Streams a blob to a sink, from where it was broken off. Its digest is for the sink to check: it sees the bytes that were there before.
 * @throws EngineError invalid: more bytes than promised; not-found; system: broken off too often
 */
export async function downloadBlob(
  repository: Repository,
  { digest, size }: Descriptor,
  sink: BlobSink,
  options: DownloadOptions,
): Promise<void> {
  let at = options.from;
  let failures = 0;
  let mark = at;
  while (at < size) {
    try {
      for await (const piece of await openBlob(repository, digest, at, options.signal)) {
        if (at + piece.length > size)
          throw invalid(`the blob ${digest} is larger than the ${size} bytes it should have`);
        await sink.write(piece);
        at += piece.length;
      }
      if (at < size) throw new EngineError('system', `the blob ${digest} ends after ${at} of ${size} bytes`);
    } catch (error) {
      options.signal.throwIfAborted();
      if (at === size && !isFinal(error)) return; // all that matters has come
      if (at - mark >= STEP) failures = 0;
      mark = at;
      if (isFinal(error) || ++failures >= options.attempts) throw error;
      const seconds = failures - 1; // a broken connection is mended at once, a broken registry is not
      options.onRetry?.(seconds);
      await delay(seconds * 1000, undefined, { signal: options.signal });
    }
  }
}

/** The bytes of a blob from an offset on. */
async function openBlob(
  repository: Repository,
  digest: string,
  from: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const answer = await repository.send(repository.url(`blobs/${digest}`), { headers, signal });
  if (answer.status === 206 && String(answer.headers['content-range']).startsWith(`bytes ${from}-`)) return answer.body;
  // A registry without ranges sends it all again.
  if (answer.status === 200) return from > 0 ? skip(answer.body, from) : answer.body;
  throw await registryError(answer, `blob ${digest}`);
}

async function* skip(body: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of body) {
    if (piece.length > left) yield left > 0 ? piece.subarray(left) : piece;
    left = Math.max(0, left - piece.length);
  }
}
