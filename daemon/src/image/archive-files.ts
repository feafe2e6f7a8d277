import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import tar from 'tar-stream';
import type { Ingest, IngestedFile } from './ingest.js';
import { DOCUMENT_LIMIT } from './manifest.js';

/** Far more than images have: each becomes a file for a while. */
const ENTRIES_LIMIT = 20_000;
/** Links in older archives of docker save point to a layer; they do not form chains. */
const LINKS_LIMIT = 8;

/** What says what the rest is, and is read into memory. */
const DOCUMENTS: readonly string[] = ['manifest.json', 'index.json', 'oci-layout'];

const COMPRESSED: readonly [string, string][] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', 'xz'],
  ['425a68', 'bzip2'],
];

/** A name in the archive without `.`, `..` and slashes too many. @throws EngineError invalid: it leads out */
function clean(name: string): string {
  const path = posix.normalize(name).replace(/^\/+|\/+$/g, '');
  if (path === '..' || path.startsWith('../') || path.includes('\0')) {
    throw invalid(`archive entry ${JSON.stringify(name)} leads out of the archive`);
  }
  return path;
}

/** The files of an archive under the names that they have there: names are looked up and are never paths on disk. */
export class ArchiveFiles {
  readonly #files = new Map<string, IngestedFile>();
  readonly #links = new Map<string, string>();

  get(name: string): IngestedFile | undefined {
    let path = clean(name);
    for (let i = 0; i < LINKS_LIMIT; i++) {
      const target = this.#links.get(path);
      if (target === undefined) return this.#files.get(path);
      path = target;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The last entry of a name counts, as in every tar. */
  addFile(name: string, file: IngestedFile): void {
    this.#links.delete(clean(name));
    this.#files.set(clean(name), file);
  }

  addLink(name: string, target: string): void {
    this.#files.delete(clean(name));
    this.#links.set(clean(name), clean(target));
  }
}

/** The stream decompressed where it is gzip. @throws EngineError invalid: compressed in another way */
async function* plain(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  while (size < 6) {
    const { value, done } = await pieces.next();
    if (done) break;
    first.push(value);
    size += value.length;
  }
  const head = Buffer.concat(first);
  const rest = { [Symbol.asyncIterator]: () => pieces };
  const whole = (async function* () {
    yield head;
    yield* rest;
  })();
  const magic = head.toString('hex', 0, 6);
  const compression = COMPRESSED.find(([start]) => magic.startsWith(start))?.[1];
  if (compression === undefined) return yield* whole;
  if (compression !== 'gzip') {
    throw invalid(`the archive is compressed with ${compression}: decompress it first, or use gzip`);
  }
  const gunzip = createGunzip();
  const fed = pipeline(Readable.from(whole), gunzip);
  fed.catch(() => {}); // reported by the reading below as well
  yield* gunzip as AsyncIterable<Buffer>;
  await fed;
}

/**
 * Reads a tar archive, plain or gzip, into received files.
 * @throws EngineError invalid: no tar, cut off, a name that leads out, too many entries; system
 */
export async function readArchiveFiles(source: AsyncIterable<Buffer>, ingest: Ingest): Promise<ArchiveFiles> {
  const files = new ArchiveFiles();
  const extract = tar.extract();
  const fed = pipeline(Readable.from(plain(source)), extract);
  fed.catch(() => {}); // reported by the iteration as well
  let entries = 0;
  try {
    for await (const entry of extract) {
      if (++entries > ENTRIES_LIMIT) throw invalid(`the archive has more than ${ENTRIES_LIMIT} entries`);
      const { type, name, linkname, size = 0 } = entry.header;
      // Before it is received: some kilobytes that are compressed zeros would fill the disk.
      if (size > DOCUMENT_LIMIT && DOCUMENTS.includes(clean(name)))
        throw invalid(`${JSON.stringify(name)} in the archive is larger than ${DOCUMENT_LIMIT} bytes`);
      if (type === 'file' || type === 'contiguous-file')
        files.addFile(name, await ingest.add(entry as AsyncIterable<unknown> as AsyncIterable<Buffer>));
      else if (type === 'symlink') files.addLink(name, posix.join(posix.dirname(name), linkname ?? ''));
      else if (type === 'link') files.addLink(name, linkname ?? '');
      else clean(name);
      entry.resume();
    }
    await fed;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // Where the source failed, the iteration only knows that its stream is gone.
    const cause: Error = await fed.then(
      () => error as Error,
      (reason: Error) => reason,
    );
    if (cause instanceof EngineError) throw cause;
    throw invalid(`the archive cannot be read: ${cause.message}`, { cause });
  }
  return files;
}
