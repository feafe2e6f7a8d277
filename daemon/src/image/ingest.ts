import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, invalid, SystemError } from '@tinydocker/shared/errors.js';
import { newId } from '../lib/ids.js';
import type { UnpackedLayer } from './layers.js';
import { DOCUMENT_LIMIT, parseDocument } from './manifest.js';

/** A file as it was received, under a name of ours, with what its bytes are. */
export interface IngestedFile {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  /** What has come of unpacking it, where that was tried already. */
  readonly unpacked?: UnpackedLayer | EngineError;
}

/** Bytes gathered before a write: fewer, larger system calls. */
const BATCH = 1 << 20;

/** A directory for what arrives from outside, until it is checked and put where it belongs, or thrown away. */
export class Ingest {
  readonly directory: string;
  #count = 0;

  constructor(paths: { readonly ingest: string }) {
    this.directory = join(paths.ingest, `archive-${newId()}`);
    mkdirSync(this.directory, { mode: 0o700 });
  }

  /** Writes a stream to a file and hashes it on the way. @throws EngineError system */
  async add(stream: AsyncIterable<Buffer>): Promise<IngestedFile> {
    const hash = createHash('sha256');
    const { path, size } = await this.#write(stream, (piece) => hash.update(piece));
    return { path, size, digest: `sha256:${hash.digest('hex')}` };
  }

  /** The same for what somebody else hashes: its digest is yet to be found. @throws EngineError system */
  async addUnhashed(stream: AsyncIterable<Buffer>): Promise<IngestedFile & { digest: string; unpacked?: unknown }> {
    return { ...(await this.#write(stream, () => {})), digest: '' };
  }

  async #write(stream: AsyncIterable<Buffer>, see: (piece: Buffer) => void): Promise<{ path: string; size: number }> {
    const path = join(this.directory, String(this.#count++));
    const file = await open(path, 'wx', 0o600);
    let size = 0;
    let batch: Buffer[] = [];
    let batched = 0;
    const flush = async () => {
      if (batched > 0) await file.writev(batch);
      batch = [];
      batched = 0;
    };
    try {
      for await (const piece of stream) {
        see(piece);
        size += piece.length;
        batch.push(piece);
        batched += piece.length;
        if (batched >= BATCH) await flush();
      }
      await flush();
    } catch (error) {
      const { syscall, code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        throw new EngineError('system', `the archive needs more space than the file system has (${code})`, {
          cause: error,
        });
      }
      if (syscall === undefined || code === undefined) throw error;
      throw new SystemError(syscall, code, path, { cause: error });
    } finally {
      await file.close();
    }
    return { path, size };
  }

  /** Removes what has not been put elsewhere. */
  async close(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/**
 * Reads a received file as a JSON object or list.
 * @param what names it in the error
 * @throws EngineError invalid
 */
export async function readDocument(file: IngestedFile, what: string): Promise<{ text: string; json: object }> {
  if (file.size > DOCUMENT_LIMIT) throw invalid(`${what} is larger than ${DOCUMENT_LIMIT} bytes`);
  const bytes = await readFile(file.path).catch((error) => {
    throw new EngineError('system', `read ${what}`, { cause: error });
  });
  return parseDocument(bytes, what);
}
