import net from 'node:net';
import { closeFd, pipe } from './socket.js';
import { spawn, waitPid } from './spawn.js';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

async function readAll(fd: number): Promise<string> {
  const socket = new net.Socket({ fd, readable: true, writable: false });
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

/**
 * Runs a program of the host to its end: by arguments, never by a shell, so that nothing in them means anything else.
 * @param started is told its pid
 */
export async function run(
  path: string,
  args: readonly string[],
  input = '',
  started: (pid: number) => void = () => {},
): Promise<Ran> {
  const [stdin, out, err] = [pipe(), pipe(), pipe()];
  let pid: number;
  try {
    const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'];
    pid = spawn(path, [path, ...args], env, { stdin: stdin[0], stdout: out[1], stderr: err[1] });
  } catch (error) {
    for (const fd of [stdin[1], out[0], err[0]]) closeFd(fd);
    throw error;
  } finally {
    for (const fd of [stdin[0], out[1], err[1]]) closeFd(fd);
  }
  started(pid);
  const writer = new net.Socket({ fd: stdin[1], readable: false, writable: true });
  writer.on('error', () => {}); // it ended before it had read all: its status says so
  writer.end(input);
  const [stdout, stderr, { status }] = await Promise.all([readAll(out[0]), readAll(err[0]), waitPid(pid)]);
  writer.destroy();
  return { status, stdout, stderr };
}
