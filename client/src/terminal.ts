import type { Context } from './context.js';

/** The user's terminal during an interactive session: raw, and given back whatever happens. */
export class Terminal {
  readonly #context: Context;
  #raw = false;

  constructor(context: Context) {
    this.#context = context;
  }

  #setRaw(raw: boolean): void {
    if (this.#raw === raw) return;
    (this.#context.stdin as Partial<NodeJS.ReadStream>).setRawMode?.(raw);
    this.#raw = raw;
  }

  /** Every key goes to the container from here on. */
  enter(): void {
    if (!this.#context.stdin.isTTY) return;
    this.#setRaw(true);
    process.once('exit', this.leave);
  }

  leave = (): void => {
    this.#setRaw(false);
    process.off('exit', this.leave);
  };

  get size(): { rows: number; cols: number } | undefined {
    const { columns, rows } = this.#context.stdout;
    return columns && rows ? { rows, cols: columns } : undefined;
  }

  /** Calls `resize` now and at every change of the window. Returns how to stop that. */
  follow(resize: (size: { rows: number; cols: number }) => void): () => void {
    const now = () => {
      if (this.size) resize(this.size);
    };
    now();
    this.#context.stdout.on('resize', now);
    return () => void this.#context.stdout.off('resize', now);
  }
}
