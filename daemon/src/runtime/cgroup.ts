import { posix } from 'node:path';
import { killCgroup, removeCgroup } from '../kernel/cgroup.js';

/**
 * The cgroup of a container, from the root of every hierarchy. `parent` is the daemon's own or what the request names, whose
 * ".." cannot lead out of the root.
 */
export function containerCgroup(id: string, parent: string): string {
  return posix.join('/', posix.normalize(`/${parent}`), id);
}

/** ms between two attempts to remove a cgroup in which dying processes are left: no version 1 hierarchy tells of their end. */
const RETRY = 5;
/** A process that hangs in the kernel holds its cgroup until it is through. */
const ATTEMPTS = 400;

/**
 * Kills what is in a cgroup and removes it, for a container whose shim cannot. Returns false when a process outlived all of
 * two seconds.
 */
export async function destroyCgroup(path: string): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    killCgroup(path);
    if (removeCgroup(path)) return true;
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
  return false;
}
