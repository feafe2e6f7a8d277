import { lstat, readdir } from 'node:fs/promises';
import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';

/**
 * Bytes of all files below a directory, each inode once. What changes meanwhile may be counted or not. Looks at names and
 * inodes only, never into a file: what a container has put there cannot make it wait.
 */
async function treeSize(directory: string, seen: Set<number>): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) {
      size += await treeSize(path, seen);
      continue;
    }
    const stat = await lstat(path).catch(() => undefined);
    if (!stat || (stat.nlink > 1 && seen.has(stat.ino))) continue;
    if (stat.nlink > 1) seen.add(stat.ino);
    size += stat.size;
  }
  return size;
}

export interface ContainerSize {
  /** Bytes that it has written. */
  SizeRw: number;
  /** Bytes of its root: those and its image's. */
  SizeRootFs: number;
}

/** How much room a container takes. */
export async function containerSize(
  deps: Pick<Deps, 'images' | 'paths'>,
  record: ContainerRecord,
): Promise<ContainerSize> {
  const SizeRw = await treeSize(`${deps.paths.container(record.id)}/upper`, new Set());
  const layers = record.layers.reduce((sum, id) => sum + (deps.images.content.layer(id)?.size ?? 0), 0);
  return { SizeRw, SizeRootFs: SizeRw + layers };
}
