import { FrameDecoder, STDERR, SYSTEM_ERROR } from '@tinydocker/shared/stdcopy.js';
import { DetachFilter } from '../detach-keys.js';
import type { Output } from '../output/stream.js';
import type { Connection, Reply } from './connection.js';

const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

/** Whether the answer says that its body is frames of two streams. */
export const isMultiplexed = (reply: Reply): boolean => reply.headers.get('content-type') === MULTIPLEXED;

/** Copies a container's output to ours until it ends. `frames`: two streams in one; else raw, as a terminal's. */
export async function copyOutput(reply: Reply, frames: boolean, stdout: Output, stderr: Output): Promise<void> {
  if (!frames) return reply.each((chunk) => stdout.write(chunk));
  const decoder = new FrameDecoder((stream, data) => {
    if (stream === SYSTEM_ERROR) throw new Error(`error from daemon in stream: ${data.toString('utf8')}`);
    (stream === STDERR ? stderr : stdout).write(data);
  });
  await reply.each((chunk) => decoder.write(chunk));
}

export interface InputCopy {
  /** Resolves when the detach keys were typed; never otherwise. */
  detached: Promise<void>;
  stop(): void;
}

/**
 * Sends our standard input down a connection, and closes that half at its end.
 * @param detachKeys looked for when given
 */
export function copyInput(connection: Connection, detachKeys: readonly number[] | undefined): InputCopy {
  const { stdin } = process;
  const filter = detachKeys && new DetachFilter(detachKeys);
  let detach = () => {};
  const detached = new Promise<void>((resolve) => {
    detach = resolve;
  });
  const stop = () => {
    stdin.off('data', take);
    stdin.off('end', end);
    stdin.pause();
  };
  const take = (chunk: Buffer) => {
    const { forward, detached: done } = filter?.push(chunk) ?? { forward: chunk, detached: false };
    if (forward.length > 0 && !connection.write(forward)) stdin.pause();
    if (done) {
      stop();
      detach();
    }
  };
  const end = () => connection.endWriting();
  connection.onDrain(() => stdin.listenerCount('data') > 0 && stdin.resume());
  stdin.on('data', take);
  stdin.on('end', end);
  // A read error (a terminal that is gone) is an end.
  stdin.on('error', end);
  return { detached, stop };
}
