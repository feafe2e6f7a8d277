import { lstat, readdir } from 'node:fs/promises';

/**
 * Bytes of all files below a directory, each inode once. What changes meanwhile may be counted or not. Looks at names and
 * inodes only, never into a file: what a container has put there cannot make it wait.
 */
export async function treeSize(directory: string, seen = new Set<number>()): Promise<number> {
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
