import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '@tinydocker/shared/errors.js';
import { type Repository, registryError } from './repository.js';
import type { Incoming } from './transport.js';

/** A blob to be sent: a file, or bytes. */
export interface UploadSource {
  readonly digest: string;
  readonly size: number;
  readonly content: { readonly file: string } | { readonly bytes: Buffer };
}

export interface UploadOptions {
  signal: AbortSignal;
  attempts: number;
  /** Repositories of the same registry that have the blob. */
  from: readonly string[];
  onProgress?: (sent: number) => void;
}

/** How a blob came to be in a repository. */
export type Uploaded = { how: 'present' } | { how: 'mounted'; from: string } | { how: 'sent' };

const READ = 1 << 18;
const PATH = /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;

/** Where an upload goes on: the registry chooses. */
function locationOf(answer: Incoming): URL {
  const location = String(answer.headers.location ?? '');
  if (!URL.canParse(location, answer.url.href)) {
    throw new EngineError('system', `the registry does not say where the upload to ${answer.url} goes on`);
  }
  const url = new URL(location, answer.url);
  if (url.protocol === 'http:' && answer.url.protocol === 'https:') {
    throw new EngineError('system', `the registry sends the upload to ${url.origin}, away from TLS`);
  }
  return url;
}

/** Whether a repository has a blob already. */
export async function hasBlob(repository: Repository, digest: string, signal?: AbortSignal): Promise<boolean> {
  const answer = await repository.send(repository.url(`blobs/${digest}`), { method: 'HEAD', signal });
  await answer.body.dump();
  return answer.status === 200;
}

/**
 * Brings a blob into a repository: not at all where it is there, by a word where another repository has it, else byte by byte, going on
 * where it was broken off.
 * @throws EngineError unauthorized, forbidden, system
 */
export async function uploadBlob(
  repository: Repository,
  source: UploadSource,
  options: UploadOptions,
): Promise<Uploaded> {
  const { digest } = source;
  const { signal } = options;
  if (await hasBlob(repository, digest, signal)) return { how: 'present' };
  let location: URL | undefined;
  for (const from of options.from.filter((path) => PATH.test(path))) {
    const url = repository.url('blobs/uploads/');
    url.searchParams.set('mount', digest);
    url.searchParams.set('from', from);
    const answer = await repository.send(url, { method: 'POST', headers: { 'content-length': '0' }, signal });
    if (answer.status === 201) {
      await answer.body.dump();
      return { how: 'mounted', from };
    }
    // Not mounted, but an upload has begun: it serves as well.
    if (answer.status === 202) location = locationOf(answer);
    await answer.body.dump();
    if (location) break;
  }
  await sendBlob(repository, source, location ?? (await begin(repository, signal)), options);
  return { how: 'sent' };
}

async function begin(repository: Repository, signal: AbortSignal): Promise<URL> {
  const answer = await repository.send(repository.url('blobs/uploads/'), {
    method: 'POST',
    headers: { 'content-length': '0' },
    signal,
  });
  if (answer.status !== 202) throw await registryError(answer, `push to ${repository.path}`);
  const location = locationOf(answer);
  await answer.body.dump();
  return location;
}

async function sendBlob(
  repository: Repository,
  source: UploadSource,
  start: URL,
  options: UploadOptions,
): Promise<void> {
  let location = start;
  let at = 0;
  for (let failures = 0; at < source.size; ) {
    try {
      const answer = await repository.send(location, {
        method: 'PATCH',
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(source.size - at),
          ...(at > 0 && { 'content-range': `${at}-${source.size - 1}` }),
        },
        body: bodyOf(source, at, options.onProgress),
        signal: options.signal,
      });
      if (answer.status !== 202) throw await registryError(answer, `push blob ${source.digest}`);
      location = locationOf(answer);
      await answer.body.dump();
      at = source.size;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof EngineError) || error.kind !== 'system' || ++failures >= options.attempts) throw error;
      await delay((failures - 1) * 1000, undefined, { signal: options.signal });
      ({ location, at } = await whereToGoOn(repository, location, options.signal));
    }
  }
  const url = new URL(location);
  url.searchParams.set('digest', source.digest);
  const headers = { 'content-length': '0', 'content-type': 'application/octet-stream' };
  const done = await repository.send(url, { method: 'PUT', headers, signal: options.signal });
  if (done.status !== 201 && done.status !== 204) throw await registryError(done, `push blob ${source.digest}`);
  await done.body.dump();
}

/** How much of an upload has come; of one that the registry has forgotten, nothing has. */
async function whereToGoOn(
  repository: Repository,
  location: URL,
  signal: AbortSignal,
): Promise<{ location: URL; at: number }> {
  const answer = await repository.send(location, { signal });
  await answer.body.dump();
  const end = /^(?:bytes=)?0-(\d+)$/.exec(String(answer.headers.range ?? ''))?.[1];
  if (answer.status !== 204 || end === undefined) return { location: await begin(repository, signal), at: 0 };
  // "0-0" stands for nothing at all as well as for one byte; sending that byte again would be an error.
  const at = end === '0' ? 0 : Number(end) + 1;
  if (at === 0) return { location: await begin(repository, signal), at };
  return { location: answer.headers.location ? locationOf(answer) : location, at };
}

function bodyOf({ content }: UploadSource, from: number, onProgress?: (sent: number) => void) {
  if ('bytes' in content) return content.bytes.subarray(from);
  return () => {
    let sent = from;
    const file = createReadStream(content.file, { start: from, highWaterMark: READ });
    const counted = new Transform({
      highWaterMark: READ,
      transform(piece: Buffer, _encoding, done) {
        sent += piece.length;
        onProgress?.(sent);
        done(null, piece);
      },
    });
    file.on('error', (error) => counted.destroy(error));
    counted.on('close', () => file.destroy());
    return file.pipe(counted);
  };
}

/** Puts a manifest under a tag or its digest. @throws EngineError unauthorized, forbidden, system */
export async function uploadManifest(
  repository: Repository,
  reference: string,
  manifest: { mediaType: string; content: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const answer = await repository.send(repository.url(`manifests/${reference}`), {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType, 'content-length': String(manifest.content.length) },
    body: manifest.content,
    signal,
  });
  if (answer.status !== 201 && answer.status !== 200)
    throw await registryError(answer, `push manifest to ${repository.path}`);
  await answer.body.dump();
}
