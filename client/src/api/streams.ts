import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { FrameDecoder, STDERR } from '@tinydocker/shared/stdcopy.js';
import type { Context } from '../context.js';
import type { Hijacked } from './connection.js';

export interface StreamWishes {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** Writes in order and holds the source back where the reader is slow. */
function sink(target: Writable, source: { pause(): void; resume(): void }): (data: Buffer) => void {
  return (data) => {
    if (target.write(data)) return;
    source.pause();
    target.once('drain', () => source.resume());
  };
}

/** Resolves when what was written has left this process. */
async function flushed(stream: Writable): Promise<void> {
  if (stream.writableLength > 0 && !stream.destroyed) await once(stream, 'drain').catch(() => {});
}

/**
 * Copies between the user's streams and a taken-over connection. Resolves when the engine has ended it and all output
 * is written: the container ended, or the user detached.
 */
export async function copyStreams(
  context: Context,
  { socket, head, multiplexed }: Hijacked,
  wishes: StreamWishes,
): Promise<void> {
  const out = wishes.stdout ? sink(context.stdout, socket) : () => {};
  const err = wishes.stderr ? sink(context.stderr, socket) : () => {};
  const frames = new FrameDecoder((stream, data) => (stream === STDERR ? err : out)(data));
  const take = multiplexed ? (data: Buffer) => frames.write(data) : out;
  if (head.length > 0) take(head);
  socket.on('data', take);

  const { stdin } = context;
  if (wishes.stdin) {
    stdin.on('error', () => socket.end());
    stdin.pipe(socket); // ends the sending half with stdin, and the container sees its end of file
  }
  await new Promise<void>((resolve) => {
    socket.on('end', resolve);
    socket.on('close', resolve);
    socket.on('error', resolve);
  });
  if (wishes.stdin) {
    stdin.unpipe(socket);
    stdin.pause();
    (stdin as { unref?: () => void }).unref?.();
  }
  socket.destroy();
  await Promise.all([flushed(context.stdout), flushed(context.stderr)]);
}
