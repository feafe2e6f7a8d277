import { existsSync, mkdirSync, opendirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What containers see of a volume, below its directory. */
export const dataOf = (volume: string): string => join(volume, '_data');

/** Where an image's content is put together until it takes the place of `_data`. */
export const fillOf = (volume: string): string => join(volume, '_fill');

/** Makes a volume's directories. 0701: who may not list the volumes may still be let into one by the owner of its files. */
export function makeVolume(volume: string): void {
  mkdirSync(volume, { recursive: true, mode: 0o701 });
  mkdirSync(dataOf(volume), { recursive: true, mode: 0o755 });
}

/** Whether nothing is in a directory. Reads one name, however many there are. */
export function isEmpty(directory: string): boolean {
  const entries = opendirSync(directory, { bufferSize: 1 });
  try {
    return entries.readSync() === null;
  } finally {
    entries.closeSync();
  }
}

/**
 * Names of the volumes that there are on disk, and which of them hold anything. Those that something may be mounted on are taken as
 * they are: to look at them could take for ever.
 */
export function volumesOnDisk(
  directory: string,
  mayBeMounted: (name: string) => boolean,
): Map<string, { data: boolean; used: boolean }> {
  mkdirSync(directory, { recursive: true, mode: 0o701 });
  const found = new Map<string, { data: boolean; used: boolean }>();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (mayBeMounted(entry.name)) {
      found.set(entry.name, { data: true, used: true });
      continue;
    }
    const data = dataOf(join(directory, entry.name));
    const there = existsSync(data);
    found.set(entry.name, { data: there, used: there && !isEmpty(data) });
  }
  return found;
}
