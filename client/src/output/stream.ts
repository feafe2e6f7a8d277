import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Where a command prints to. */
export interface Output {
  write(data: string | Uint8Array): unknown;
  readonly isTerminal: boolean;
}

/** The other side of our output is gone: the command ends as one killed by SIGPIPE. */
export class BrokenPipe extends Error {}

const waiter = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it, at once: what is written is out before the process ends, in order with the other stream. */
function writeAll(fd: number, data: Uint8Array): void {
  let at = 0;
  while (at < data.length) {
    try {
      at += writeSync(fd, data, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A socket that was closed with something unread in it is reset instead.
      if (code === 'EPIPE' || code === 'ECONNRESET') throw new BrokenPipe();
      // Somebody else who holds the pipe has made it non-blocking.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(waiter, 0, 0, 1);
    }
  }
}

/** An output that is an open file descriptor. */
export function descriptorOutput(fd: number): Output {
  return {
    write: (data) => writeAll(fd, typeof data === 'string' ? Buffer.from(data) : data),
    get isTerminal() {
      return isatty(fd);
    },
  };
}
