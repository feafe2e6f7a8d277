import { createHash } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { IngestedFile } from './ingest.js';
import type { Compression } from './media-types.js';

const MAGIC: readonly [string, Compression | undefined][] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', undefined],
  ['425a68', undefined],
];
const MAGIC_BYTES = 6;
const PIECE = 1 << 18;

/** How a layer's file is compressed; undefined: in a way that registries have no name for. */
export function compressionOf(file: string): Compression | undefined {
  const head = Buffer.alloc(MAGIC_BYTES);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, MAGIC_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  const hex = head.toString('hex');
  const known = MAGIC.find(([magic]) => hex.startsWith(magic));
  return known ? known[1] : 'plain';
}

/**
 * Compresses a layer with gzip, the one form that every registry and engine takes. At the fastest level: it takes a third of the time
 * of the usual one for a tenth more bytes, and the same input always gives the same output.
 */
export async function gzipFile(from: string, to: string, signal: AbortSignal): Promise<IngestedFile> {
  const hash = createHash('sha256');
  let size = 0;
  const watch = new Transform({
    transform(piece: Buffer, _encoding, done) {
      hash.update(piece);
      size += piece.length;
      done(null, piece);
    },
  });
  await pipeline(
    createReadStream(from, { highWaterMark: PIECE }),
    createGzip({ level: constants.Z_BEST_SPEED, chunkSize: PIECE }),
    watch,
    createWriteStream(to, { flags: 'wx', mode: 0o600, highWaterMark: 1 << 20 }),
    { signal },
  );
  return { path: to, digest: `sha256:${hash.digest('hex')}`, size };
}
