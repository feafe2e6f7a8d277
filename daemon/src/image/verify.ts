import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EngineError } from '@tinydocker/shared/errors.js';
import { LayerHelper } from '../kernel/layer-helper.js';
import type { LayerStore } from './layers.js';

/** What is not as it should be: a sentence without its subject. */
export type Problem = string;

/** Where a tree is not what it should be. */
interface Differences {
  count: number;
  problems: { path: string; what: string }[];
}

/** Whether a blob's file has the digest and the size that it is known by; undefined where all is well. */
export async function verifyBlob(file: string, digest: string, size: number): Promise<Problem | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'is missing' : `cannot be read: ${message}`;
  }
  if (bytes !== size) return `has ${bytes} bytes instead of ${size}`;
  const found = `sha256:${hash.digest('hex')}`;
  return found === digest ? undefined : `has the digest ${found}`;
}

/**
 * Whether a layer's directory still is what its blob unpacks to: that is done once more, beside it, and compared with it, file by file.
 * @throws EngineError system: there is no room to unpack it
 */
export async function verifyLayer(
  layers: LayerStore,
  layer: { id: number; diffId: string },
  blob: string,
): Promise<Problem[]> {
  let directory: string | undefined;
  try {
    const unpacked = await layers.unpack(blob);
    directory = unpacked.directory;
    if (unpacked.diffId !== layer.diffId) return [`is of a blob with the digest ${unpacked.diffId} inside`];
    const helper = new LayerHelper('differ', [directory, layers.path(layer.id)]);
    const reply = await helper.reply<Differences>();
    await helper.close();
    if (!reply.ok) return [`cannot be compared: ${reply.error}`];
    const told = reply.problems.map(({ path, what }) => `${JSON.stringify(path)} ${what}`);
    const more = reply.count - told.length;
    return more > 0 ? [...told, `and ${more} more`] : told;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid')
      return [`is of a blob that is broken: ${error.message}`];
    throw error;
  } finally {
    if (directory !== undefined) await layers.discard(directory);
  }
}
