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

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reply.hijack();
    this.#reply.raw.writeHead(200, { ...this.#reply.getHeaders(), 'Content-Type': 'application/json' } as never);
  }

  write(line: object): void {
    this.#start();
    this.#reply.raw.write(encodeLine(line));
  }

  /** Does the work and ends the answer. */
  async run(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#started) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#reply.log.warn({ err: error }, message);
      this.write({ errorDetail: { message }, error: message });
    }
    this.#start();
    this.#reply.raw.end();
  }
}
