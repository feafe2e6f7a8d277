/** One JSON value a line: events, progress, logs, the shim's control connection. */

const NEWLINE = 0x0a;

export const encodeLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Puts lines together from the pieces they come in and reads each as JSON. Empty lines are skipped. */
export class LineDecoder<T> {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #size = 0;

  /** @param limit bytes of the longest line */
  constructor(limit = 8 * 1024 * 1024) {
    this.#limit = limit;
  }

  /**
   * The values that this piece completes.
   * @throws Error when a line is not JSON or too long
   */
  push(piece: Buffer): T[] {
    const values: T[] = [];
    let start = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#gather(piece.subarray(start, end));
      this.#take(values);
      start = end + 1;
    }
    if (start < piece.length) this.#gather(piece.subarray(start));
    return values;
  }

  /** The stream is over: the value of a last line without newline. */
  end(): T[] {
    const values: T[] = [];
    this.#take(values);
    return values;
  }

  #gather(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > this.#limit) throw new Error(`line longer than ${this.#limit} bytes`);
    if (part.length > 0) this.#pieces.push(part);
  }

  #take(values: T[]): void {
    // Decoded as a whole: a character may be split between two pieces.
    const line = (this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)).toString('utf8');
    this.#pieces = [];
    this.#size = 0;
    if (line.trim() !== '') values.push(JSON.parse(line));
  }
}
