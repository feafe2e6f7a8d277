import { encodeLine } from '@tinydocker/shared/json-lines.js';
import type { FastifyReply } from 'fastify';

/**
 * An answer of JSON lines that tell how work goes on. Until the first line nothing is sent, so that an error before it still gets
 * its status; after it, errors are a line.
 */
export class Progress {
  readonly #reply: FastifyReply;
  readonly #gone = new AbortController();
  #started = false;
  #corked = false;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    reply.raw.on('close', () => {
      if (!reply.raw.writableFinished) this.#gone.abort();
    });
  }

  /** Aborted when the client has gone: what nobody waits for any more is not done. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Sends the head: what goes wrong from now on is a line. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reply.hijack();
    this.#reply.raw.writeHead(200, { ...this.#reply.getHeaders(), 'Content-Type': 'application/json' } as never);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#reply.raw.uncork();
  }

  /** The promise, where there is one, is kept when the client has taken enough. */
  write(line: object): Promise<void> | undefined {
    this.start();
    const { raw } = this.#reply;
    // Lines that come together leave together, with one system call.
    if (!this.#corked) {
      this.#corked = true;
      raw.cork();
      setImmediate(() => this.#uncork());
    }
    if (raw.write(encodeLine(line)) || raw.destroyed) return undefined;
    return new Promise((resolve) => {
      raw.once('drain', resolve);
      raw.once('close', resolve);
    });
  }

  /**
   * Does the work and ends the answer.
   * @param detailOf what is told of an error besides its message
   */
  async run(work: () => Promise<unknown>, detailOf: (error: unknown) => object = () => ({})): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#started) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#reply.log.warn({ err: error }, message);
      this.write({ errorDetail: { ...detailOf(error), message }, error: message });
    }
    this.start();
    // Node.js 24 would put the end before what is still held back.
    this.#uncork();
    this.#reply.raw.end();
  }
}
