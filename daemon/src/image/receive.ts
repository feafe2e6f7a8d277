import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LayerHelper } from '../kernel/layer-helper.js';
import { type Unpacked, unpackError } from './unpack.js';

/**
 * A layer that is unpacked while it arrives, into an empty directory, and kept in a file as it came. td-layer does both, and
 * hashes: this process only passes the bytes on.
 */
export class LayerReceiver {
  readonly #helper: LayerHelper;
  #ended = false;

  /** @param keep the file; what it holds already is written once more, the same, by who passes it on */
  constructor(directory: string, keep: string) {
    const fd = openSync(keep, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      this.#helper = new LayerHelper('unpack', [directory, 'keep'], { input: true, fds: [fd] });
    } finally {
      closeSync(fd);
    }
    void this.#helper.ended.then(() => {
      this.#ended = true;
    });
  }

  /**
   * Passes a piece on; waits while there is no room, and for everybody else's turn: libuv reads a socket that has more, whose reader does
   * not pause, 32 times in a row (uv__read), and several layers together would let a request wait for 50 ms. After a failure it takes
   * everything: finish() says what it was.
   */
  async write(piece: Buffer): Promise<void> {
    if (this.#ended) return;
    if (this.#helper.input.write(piece)) await setImmediate();
    else await Promise.race([once(this.#helper.input, 'drain'), this.#helper.ended]).catch(() => {});
  }

  /** @throws EngineError invalid: the archive is broken or hostile; system: disk full and the rest */
  async finish(): Promise<Unpacked> {
    this.#helper.input.end();
    try {
      const reply = await this.#helper.reply<Unpacked>();
      if (reply.ok) return reply;
      throw unpackError(reply);
    } finally {
      await this.#helper.close();
    }
  }

  /** Ends it, wherever it is. */
  async abort(): Promise<void> {
    this.#helper.kill();
    await this.#helper.close();
  }
}
