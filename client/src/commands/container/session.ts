import type { Connection, Reply } from '../../api/connection.js';
import type { Engine } from '../../api/engine.js';
import { copyInput, copyOutput } from '../../api/streams.js';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../../detach-keys.js';
import type { Output } from '../../output/stream.js';
import { onResize, rawMode, type WindowSize, windowSize } from '../../terminal.js';

export interface SessionOptions {
  tty: boolean;
  stdin: boolean;
  detachKeys: string | undefined;
  stdout: Output;
  stderr: Output;
}

/** A terminal or pipe joined to a container's process, from before its start to its end. */
export class Session {
  readonly #connection: Connection;
  readonly #reply: Reply;
  readonly #options: SessionOptions;
  readonly #undo: (() => void)[] = [];

  constructor(taken: { connection: Connection; reply: Reply }, options: SessionOptions) {
    this.#connection = taken.connection;
    this.#reply = taken.reply;
    this.#options = options;
  }

  /** Passes the bytes in both directions until the output ends or the user leaves with the detach keys. */
  async stream(): Promise<'ended' | 'detached'> {
    const { tty, stdin, stdout, stderr } = this.#options;
    const ends: Promise<'ended' | 'detached'>[] = [
      copyOutput(this.#reply, !tty, stdout, stderr).then(() => 'ended' as const),
    ];
    if (stdin) {
      const keys = tty ? parseDetachKeys(this.#options.detachKeys || DEFAULT_DETACH_KEYS) : undefined;
      const input = copyInput(this.#connection, keys);
      this.#undo.push(() => input.stop());
      ends.push(input.detached.then(() => 'detached' as const));
    }
    try {
      return await Promise.race(ends);
    } finally {
      this.close();
    }
  }

  /** Keys and output as they are: to be called where the container has a terminal. */
  async raw(): Promise<void> {
    if (this.#options.tty && this.#options.stdin) this.#undo.push(await rawMode());
  }

  /**
   * Keeps the container's terminal the size of ours. `path` takes the size.
   * @param redraw first gives it another size: who attaches to what has been drawn long ago sees it drawn once more
   */
  followSize(engine: Engine, path: string, redraw = false): void {
    if (!this.#options.tty) return;
    // One that ends meanwhile has no size any more.
    const send = ({ rows, columns }: WindowSize) => engine.post(path, { h: rows, w: columns }).catch(() => {});
    const size = windowSize();
    if (size) {
      const larger = { rows: size.rows + 1, columns: size.columns + 1 };
      void (redraw ? send(larger) : Promise.resolve()).then(() => send(size));
    }
    this.#undo.push(onResize((size) => void send(size)));
  }

  /** Gives the terminal back. */
  close(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#connection.destroy();
  }
}

/** [rows, columns] of our terminal, for a container or exec that is to have one. */
export function consoleSize(): [number, number] | undefined {
  const size = windowSize();
  return size && [size.rows, size.columns];
}
