import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError } from '@tinydocker/shared/errors.js';
import { LayerHelper } from '../kernel/layer-helper.js';
import type { IngestedFile } from './ingest.js';
import type { Compression } from './media-types.js';

const MAGIC: readonly [string, Compression | undefined][] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', undefined],
  ['425a68', undefined],
];
const MAGIC_BYTES = 6;

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
 * Compresses a layer with gzip, the one form that every registry and engine takes, in a td-layer that can do nothing else. The same
 * input gives the same output, on one machine.
 * @param directory to which td-layer is confined
 * @throws EngineError system
 */
export async function gzipFile(
  from: string,
  to: string,
  directory: string,
  signal: AbortSignal,
): Promise<IngestedFile> {
  const source = openSync(from, 'r');
  let target: number;
  try {
    target = openSync(to, 'wx', 0o600);
  } catch (error) {
    closeSync(source);
    throw error;
  }
  let helper: LayerHelper;
  try {
    helper = new LayerHelper('compress', [directory], { fds: [target, source] });
  } finally {
    closeSync(source);
    closeSync(target);
  }
  const stop = () => helper.kill();
  signal.addEventListener('abort', stop);
  try {
    const reply = await helper.reply<{ digest: string; size: number }>();
    if (!reply.ok) throw new EngineError('system', reply.error);
    return { path: to, digest: reply.digest, size: reply.size };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await helper.close();
  }
}
