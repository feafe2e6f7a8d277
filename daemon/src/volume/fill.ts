import { lstatSync, mkdirSync, renameSync } from 'node:fs';
import { dataOf, fillOf } from './directory.js';
import { runHelper } from './helper.js';

/** Whether a layer may have something at a path. A link on the way may lead to it: then it may. */
function mayHave(layer: string, path: string): boolean {
  let at = layer;
  for (const name of path.split('/')) {
    if (name === '') continue;
    at = `${at}/${name}`;
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (!stat) return false;
    if (!stat.isDirectory()) return true;
  }
  return true;
}

/** Whether these layers may have anything to fill a volume at `path` with: most often not, and then no process is started. */
export const mayFill = (layers: readonly string[], path: string): boolean =>
  layers.some((layer) => mayHave(layer, path));

/**
 * Copies what an image has at `path` into a directory, in a process of its own whose root is the image: no link in it leads
 * anywhere else. Owner and mode of the directory itself come along.
 * @param layers topmost first
 * @returns false where the image has no directory there
 */
async function copy(layers: readonly string[], path: string, target: string): Promise<boolean> {
  const { found } = await runHelper<{ found: boolean }>('copy', [path, target, ...layers]);
  return found;
}

/**
 * Fills an empty volume with what an image has at `path`. Beside it, and put into its place by a rename: whenever the daemon is
 * killed the volume is empty or whole. One that a running container has mounted keeps its directory, and is filled in place.
 */
export async function fillVolume(
  volume: string,
  layers: readonly string[],
  path: string,
  inUse: boolean,
  discard: (path: string) => void,
): Promise<void> {
  if (inUse) return void (await copy(layers, path, dataOf(volume)));
  const beside = fillOf(volume);
  discard(beside);
  mkdirSync(beside, { mode: 0o755 });
  try {
    // rename(2) takes the place of an empty directory, and of nothing else.
    if (await copy(layers, path, beside)) renameSync(beside, dataOf(volume));
  } finally {
    discard(beside);
  }
}

/** The same for a directory that is not ours to rename: a mount, or one of the host. */
export const fillDirectory = copy;
