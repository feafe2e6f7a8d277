import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import tar from 'tar-stream';
import { decompressed } from './decompress.js';
import type { EagerUnpacker } from './eager-unpack.js';
import type { Ingest, IngestedFile } from './ingest.js';
import { DOCUMENT_LIMIT } from './manifest.js';

/** Far more than images have: each becomes a file for a while. */
const ENTRIES_LIMIT = 20_000;
/** Links in older archives of docker save point to a layer; they do not form chains. */
const LINKS_LIMIT = 8;

/** What says what the rest is, and is read into memory. */
const DOCUMENTS: readonly string[] = ['manifest.json', 'index.json', 'oci-layout'];

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

/** Whether an entry looks like a layer that is not there yet: then it is unpacked while the rest of the archive arrives. */
export type IsLayer = (name: string, head: Buffer) => boolean;

/** What tells a layer from a document. */
const HEAD = 512;

/** The beginning of a stream, and all of it. */
async function peek(stream: AsyncIterable<Buffer>): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const pieces = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEAD) {
    const { value, done } = await pieces.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  const all = (async function* () {
    if (head.length > 0) yield head;
    yield* { [Symbol.asyncIterator]: () => pieces };
  })();
  return { head, all };
}

/**
 * Reads a tar archive, plain or compressed, into received files.
 * @throws EngineError invalid: no tar, cut off, a name that leads out, too many entries; system
 */
export async function readArchiveFiles(
  source: AsyncIterable<Buffer>,
  ingest: Ingest,
  eager: EagerUnpacker,
  isLayer: IsLayer,
): Promise<ArchiveFiles> {
  const files = new ArchiveFiles();
  const extract = tar.extract();
  const fed = pipeline(Readable.from(decompressed(source, ingest.directory)), extract);
  fed.catch(() => {}); // reported by the iteration as well
  let entries = 0;
  const receive = async (name: string, entry: AsyncIterable<Buffer>): Promise<IngestedFile> => {
    const { head, all } = await peek(entry);
    if (!isLayer(name, head)) return ingest.add(all);
    const file = await ingest.addUnhashed(all);
    eager.add(file);
    return file;
  };
  try {
    for await (const entry of extract) {
      if (++entries > ENTRIES_LIMIT) throw invalid(`the archive has more than ${ENTRIES_LIMIT} entries`);
      const { type, name, linkname, size = 0 } = entry.header;
      // Before it is received: some kilobytes that are compressed zeros would fill the disk.
      if (size > DOCUMENT_LIMIT && DOCUMENTS.includes(clean(name)))
        throw invalid(`${clean(name)} is larger than ${DOCUMENT_LIMIT} bytes`);
      if (type === 'file' || type === 'contiguous-file')
        files.addFile(name, await receive(name, entry as AsyncIterable<unknown> as AsyncIterable<Buffer>));
      else if (type === 'symlink') files.addLink(name, posix.join(posix.dirname(name), linkname ?? ''));
      else if (type === 'link') files.addLink(name, linkname ?? '');
      else clean(name);
      entry.resume();
    }
    await fed;
    await eager.finish();
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
