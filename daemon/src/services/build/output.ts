import type { TransferMessage } from '../images/transfer-progress.js';

/** What is told of a step besides its text: clients that know it show it, others do not see it. */
export interface StepNote {
  /** From 1; 0: it is not counted, as a trigger. */
  readonly index: number;
  readonly total: number;
  readonly text: string;
  readonly state: 'started' | 'cached' | 'done' | 'failed';
  readonly seconds?: number;
  /** Of the Dockerfile. */
  readonly line?: number;
  readonly stage?: string | undefined;
  /** Of a command that has failed. */
  readonly exitCode?: number;
}

/** A line of the answer to a build, as Docker's clients show it. */
export type BuildMessage = { stream: string; step?: StepNote } | { aux: { ID: string } } | TransferMessage;

/** Sends one message; the promise, where there is one, is kept when the client has room for more. */
export type Report = (message: BuildMessage) => Promise<void> | undefined;

/** Bytes that one stage may have ahead of its turn; after that its commands wait. */
const AHEAD = 1 << 20;

/** What one stage has to say. */
export class StageOutput {
  readonly #report: Report;
  #live = false;
  #ended = false;
  #kept: BuildMessage[] = [];
  #bytes = 0;
  #room: (() => void)[] = [];
  #onEnd: () => void;

  constructor(report: Report, onEnd: () => void) {
    this.#report = report;
    this.#onEnd = onEnd;
  }

  /** The promise, where there is one, is kept when there is room for more. */
  write(message: BuildMessage): Promise<void> | undefined {
    if (this.#live) return this.#report(message);
    this.#kept.push(message);
    if ('stream' in message && message.stream) this.#bytes += message.stream.length;
    if (this.#bytes < AHEAD) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  line(text: string, step?: StepNote): void {
    void this.write({ stream: `${text}\n`, ...(step && { step }) });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#live) this.#onEnd();
  }

  /** Its turn has come. */
  goLive(): void {
    this.#live = true;
    for (const message of this.#kept.splice(0)) void this.#report(message);
    for (const resolve of this.#room.splice(0)) resolve();
    if (this.#ended) this.#onEnd();
  }
}

/**
 * The output of stages that are built side by side, put in their order: the first that is not through speaks directly, what the others
 * say is kept for later. So a build reads the same, however its stages have run.
 */
export class BuildOutput {
  readonly #report: Report;
  readonly #queue: StageOutput[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** A stage that others wait for already: it has no turn of its own. */
  atOnce(): StageOutput {
    const output = new StageOutput(this.#report, () => {});
    output.goLive();
    return output;
  }

  /** The next stage in order. */
  stage(): StageOutput {
    const output = new StageOutput(this.#report, () => this.#next());
    this.#queue.push(output);
    if (this.#queue.length === 1) output.goLive();
    return output;
  }

  #next(): void {
    this.#queue.shift();
    this.#queue[0]?.goLive();
  }
}
