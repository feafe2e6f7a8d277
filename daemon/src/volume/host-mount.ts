import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { runHelper } from './helper.js';

/** As the kernel writes a path in its mount table (proc_pid_mountinfo(5)). */
const escapePath = (path: string): string =>
  path.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** Whether something is mounted on exactly this directory. */
export function isMounted(directory: string): boolean {
  const path = escapePath(directory);
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ', 5)[4] === path);
}

const NETWORK = ['nfs', 'nfs4', 'cifs', 'smb3'];

/** The kernel takes addresses alone: mount(8) and Docker look the name of a server up. */
async function withAddress(type: string, options: readonly string[]): Promise<string[]> {
  if (!NETWORK.includes(type)) return [...options];
  return Promise.all(
    options.map(async (word) => {
      const name = /^addr=(.+)$/.exec(word)?.[1];
      return name === undefined || isIP(name) ? word : `addr=${(await lookup(name)).address}`;
    }),
  );
}

/**
 * Mounts a file system on the host, where all containers that use the volume find the same one: a second tmpfs would be another.
 * By a process of its own: a server that does not answer (nfs) must not hold up the daemon.
 * @throws EngineError system, with the kernel's reason
 */
export async function mountOnHost(
  source: { type: string; device: string; options: readonly string[] },
  directory: string,
): Promise<void> {
  const options = await withAddress(source.type, source.options);
  await runHelper('mount', [source.type, source.device, options.join(','), directory]);
}

/** Takes it away again; also what is still open somewhere, when that is closed. */
export async function unmountOnHost(directory: string): Promise<void> {
  await runHelper('unmount', [directory]);
}
