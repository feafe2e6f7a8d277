import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { checked, native } from './native.js';

/** A pair of connected Unix sockets, close-on-exec: streams, or sockets that keep messages apart. */
export function socketPair(kind: 'stream' | 'packets' = 'stream'): [number, number] {
  const pair: [number, number] = [-1, -1];
  checked(native.socketpair(kind === 'packets' ? 1 : 0, pair), 'socketpair');
  return pair;
}

/** A pipe, close-on-exec: [reading end, writing end]. */
export function pipe(): [number, number] {
  const pair: [number, number] = [-1, -1];
  checked(native.pipe(pair), 'pipe2');
  return pair;
}

/**
 * Writes all of `data` at once and hands over descriptors with its first byte (SCM_RIGHTS). For short messages:
 * it waits, at most a second, where the peer does not read.
 */
export function sendWithFds(fd: number, data: Buffer, fds: readonly number[]): void {
  checked(native.send(fd, data, data.length, fds, fds.length), 'sendmsg');
}

/** Writes all of `data` to a socket, without a trip through the event loop. */
export function writeAll(fd: number, data: Buffer): void {
  checked(native.send(fd, data, data.length, [], 0), 'sendmsg');
}

/** sun_path of unix(7), with the end of the string. */
const SUN_PATH = 108;

/** Calls `use` with a name of `path` that fits into a socket address: a long one through its directory's descriptor. */
export function withSocketPath<T>(path: string, use: (short: string) => T): T {
  if (Buffer.byteLength(path) < SUN_PATH) return use(path);
  const directory = openSync(dirname(path), constants.O_DIRECTORY | constants.O_RDONLY);
  try {
    return use(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    closeSync(directory);
  }
}

/** Connects to a Unix socket, whatever the length of its path. @throws SystemError connect ENOENT, ECONNREFUSED */
export function connectUnix(path: string): number {
  return withSocketPath(path, (short) => checked(native.connect(short), 'connect', path));
}

/** A second descriptor for the same open file, close-on-exec. */
export const dup = (fd: number): number => checked(native.dup(fd), 'dup');

export const closeFd = (fd: number): void => void checked(native.close(fd), 'close');

/** Ends both directions of a connection for everyone who holds it. */
export const shutdownSocket = (fd: number): void => void native.shutdown(fd, 2);

/** Whether the other end is closed for good; one that has only ended what it sends is not. Reads nothing. */
export const hungUp = (fd: number): boolean => checked(native.hungUp(fd), 'poll') === 1;

/** Who is on the other end of a Unix socket. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const [pid, uid, gid]: [number][] = [[0], [0], [0]];
  checked(native.peer(fd, pid, uid, gid), 'getsockopt SO_PEERCRED');
  return { pid: pid![0], uid: uid![0], gid: gid![0] };
}
