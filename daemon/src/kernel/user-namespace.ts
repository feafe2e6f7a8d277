import { readFileSync, readlinkSync } from 'node:fs';
import type { IdMapping, UserMap } from '../lib/id-map.js';

/** Names the user namespace of a process; undefined where it is this process's own. */
export function userNamespaceOf(pid: number): string | undefined {
  const name = readlinkSync(`/proc/${pid}/ns/user`);
  return name === readlinkSync('/proc/self/ns/user') ? undefined : name;
}

function readMap(path: string): IdMapping[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [containerID, hostID, size] = line.trim().split(/\s+/).map(Number) as [number, number, number];
      return { containerID, hostID, size };
    });
}

/** The maps of the user namespace that a process is in. */
export const userMapOf = (pid: number): UserMap => ({
  uids: readMap(`/proc/${pid}/uid_map`),
  gids: readMap(`/proc/${pid}/gid_map`),
});
