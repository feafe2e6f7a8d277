import { EngineError } from '@tinydocker/shared/errors.js';
import { LayerHelper } from './layer-helper.js';

/** Directories that one td-layer counts; it holds a descriptor for each. */
const AT_ONCE = 256;

interface Asked {
  directory: string;
  resolve: (size: number) => void;
  reject: (error: unknown) => void;
}

let waiting: Asked[] = [];

async function count(asked: readonly Asked[]): Promise<void> {
  try {
    const helper = new LayerHelper(
      'size',
      asked.map(({ directory }) => directory),
    );
    const reply = await helper.reply<{ sizes: number[] }>().finally(() => helper.close());
    if (!reply.ok) throw new EngineError('system', reply.error);
    for (const [i, { resolve }] of asked.entries()) resolve(reply.sizes[i]!);
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}

/**
 * Bytes of all files below a directory, each inode once; 0 where there is none. What changes meanwhile may be counted or not. Counted
 * by td-layer, which follows no link and opens no file: a container may write there at this moment. Many that are asked for together
 * take one run of it.
 */
export function treeSize(directory: string): Promise<number> {
  return new Promise((resolve, reject) => {
    if (waiting.push({ directory, resolve, reject }) > 1) return;
    setImmediate(() => {
      const all = waiting;
      waiting = [];
      for (let i = 0; i < all.length; i += AT_ONCE) void count(all.slice(i, i + AT_ONCE));
    });
  });
}
