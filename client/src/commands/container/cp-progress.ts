import { humanSize } from '@tinydocker/shared/units.js';
import type { Output } from '../../output/stream.js';

const INTERVAL = 200;

/** Bytes that have gone by, shown on a terminal while they do. */
export class CopyProgress {
  readonly #output: Output | undefined;
  readonly #what: string;
  #bytes = 0;
  #shown = performance.now();
  #dirty = false;

  /** @param output undefined: nothing is shown */
  constructor(output: Output | undefined, what: string) {
    this.#output = output;
    this.#what = what;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const now = performance.now();
    if (!this.#output || now - this.#shown < INTERVAL) return;
    this.#shown = now;
    this.#dirty = true;
    this.#output.write(`\r\u001b[2K${this.#what} - ${humanSize(this.#bytes, 3)}`);
  }

  async *count(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of stream) {
      this.add(piece.length);
      yield piece;
    }
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#dirty) this.#output?.write('\r\u001b[2K');
    this.#dirty = false;
  }

  done(where: string): void {
    this.clear();
    this.#output?.write(`Successfully copied ${humanSize(this.#bytes, 3)} to ${where}\n`);
  }
}
