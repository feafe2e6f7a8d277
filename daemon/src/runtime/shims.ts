import { helperPath } from '../kernel/helpers.js';
import { sealedMemfd } from '../kernel/process.js';
import { hungUp } from '../kernel/socket.js';
import type { Step } from '../lib/steps.js';
import type { TakenConnection } from './connection.js';
import { ExecTable } from './execs.js';
import type { AttachStreams, Shim } from './shim.js';
import { Zygote } from './zygote.js';

/** A client that attached before the container was started. */
export interface WaitingClient {
  streams: AttachStreams;
  connection: TakenConnection;
}

/** The daemon's steps of a start, and those of the shim as it writes them. */
export interface StartSteps {
  readonly own: readonly Step[];
  readonly shims: Promise<Buffer | undefined>;
}

/** What is known of containers only while they and this daemon run. */
export class ShimRegistry {
  readonly execs = new ExecTable();
  /** Variables of containers that are being started which no store may have. */
  readonly secretEnv = new Map<string, readonly string[]>();
  readonly #shims = new Map<string, { shim: Shim; cleared: Promise<void> }>();
  readonly #waiting = new Map<string, WaitingClient[]>();
  readonly #steps = new Map<string, StartSteps>();
  #zygote: Zygote | undefined;

  /** Where new shims come from. */
  get zygote(): Zygote {
    if (this.#zygote === undefined) throw new Error('td-shim has not been loaded');
    return this.#zygote;
  }

  /**
   * Starts it, of a sealed copy of td-shim in memory: what runs beside a container cannot be written from inside it
   * (CVE-2019-5736). To be called once, before the first start. @throws Error where the program is not installed
   */
  load(bundles: string): void {
    this.#zygote ??= new Zygote(sealedMemfd(helperPath('td-shim')), bundles);
  }

  get(id: string): Shim | undefined {
    return this.#shims.get(id)?.shim;
  }

  /**
   * Resolves when everything has been read that shims had sent before the call: one whole round of the event loop, from one
   * phase of immediates to the next, looks at every connection.
   */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  /** Ids of the containers that have a shim. */
  ids(): string[] {
    return [...this.#shims.keys()];
  }

  /** Adds the shim of a container until `cleared`, when nothing is left of it. */
  add(id: string, shim: Shim, cleared: Promise<void>): void {
    const entry = {
      shim,
      cleared: cleared.then(() => {
        if (this.#shims.get(id) === entry) this.#shims.delete(id);
      }),
    };
    this.#shims.set(id, entry);
  }

  /** Resolves when the container has no shim and nothing is left of an earlier one. */
  async cleared(id: string): Promise<void> {
    await this.#shims.get(id)?.cleared;
  }

  /** Keeps a client until the container is started or removed. Those that have gone meanwhile make room. */
  addWaiting(id: string, client: WaitingClient): void {
    const still: WaitingClient[] = [];
    for (const waiting of this.takeWaiting(id)) {
      if (hungUp(waiting.connection.fd)) waiting.connection.close();
      else still.push(waiting);
    }
    this.#waiting.set(id, [...still, client]);
  }

  /** The clients that have waited, which are the caller's from here on. */
  takeWaiting(id: string): WaitingClient[] {
    const list = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    return list;
  }

  /** The steps of the last start, until they are written down. */
  steps(id: string): StartSteps | undefined {
    return this.#steps.get(id);
  }

  setSteps(id: string, steps: StartSteps): void {
    this.#steps.set(id, steps);
  }

  /** They are in a file from now on. */
  dropSteps(id: string, steps: StartSteps): void {
    if (this.#steps.get(id) === steps) this.#steps.delete(id);
  }

  /** The container is removed. */
  forget(id: string): void {
    this.#steps.delete(id);
    this.execs.forget(id);
    for (const { connection } of this.takeWaiting(id)) connection.close();
  }
}
