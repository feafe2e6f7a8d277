import type { Output } from '../../output/stream.js';

/** What the daemon tells of a step besides its text. */
export interface StepNote {
  index: number;
  total: number;
  text: string;
  state: 'started' | 'cached' | 'done' | 'failed';
  seconds?: number;
  line?: number;
  stage?: string;
  exitCode?: number;
}

export interface BuildMessage {
  stream?: string;
  step?: StepNote;
  status?: string;
  id?: string;
  progress?: string;
  aux?: { ID?: string };
  error?: string;
  errorDetail?: { message?: string; code?: number };
}

/** Lines of a failed command that are shown once more, and lines around the one that it stands in. */
const TAIL = 10;
const AROUND = 2;

const took = (seconds: number | undefined): string => `${(seconds ?? 0).toFixed(1)}s`;

/** A step as it is called: `[ 2/10] RUN make`. */
function heading({ index, total, text, stage }: StepNote): string {
  const number = index === 0 ? 'trigger' : `${String(index).padStart(String(total).length)}/${total}`;
  return `[${stage ? `${stage} ` : ''}${number}] ${text}`;
}

/** Lines of the Dockerfile around the one that is meant. */
function excerpt(lines: readonly string[], line: number): string {
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  const rule = '-'.repeat(20);
  const shown = Array.from({ length: last - first + 1 }, (_, i) => {
    const number = first + i;
    return `${String(number).padStart(4)} | ${number === line ? '>>>' : '   '} ${lines[number - 1]}`;
  });
  return `Dockerfile:${line}\n${rule}\n${shown.join('\n')}\n${rule}\n`;
}

/** Shows a build as it goes on: a line for each step, with how long it took, and what commands say below it. */
export class BuildProgress {
  readonly #out: Output;
  readonly #lines: readonly string[] | undefined;
  #current: StepNote | undefined;
  /** Whether the line of the current step is out. */
  #shown = false;
  #said = '';
  #failed: StepNote | undefined;
  id = '';
  error: { message: string; code: number | undefined } | undefined;

  constructor(out: Output, lines: readonly string[] | undefined) {
    this.#out = out;
    this.#lines = lines;
  }

  take(message: BuildMessage): void {
    if (message.aux?.ID) this.id = message.aux.ID;
    if (message.error !== undefined)
      this.error ??= { message: message.errorDetail?.message ?? message.error, code: message.errorDetail?.code };
    if (message.step) this.#step(message.step);
    else if (message.stream !== undefined) this.#stream(message.stream);
    else if (message.status !== undefined) this.#transfer(message);
  }

  #step(step: StepNote): void {
    if (step.state === 'started') {
      this.#current = step;
      this.#shown = false;
      this.#said = '';
      return;
    }
    const how = step.state === 'cached' ? 'CACHED' : step.state === 'failed' ? `ERROR ${took(step.seconds)}` : took(step.seconds);
    if (step.state === 'failed') this.#failed = step;
    if (this.#shown) this.#out.write(`${this.#said.endsWith('\n') ? '' : '\n'}${heading(step)} ${how}\n`);
    else this.#out.write(`${heading(step)} ${how}\n`);
    this.#current = undefined;
  }

  #head(): void {
    if (this.#shown || !this.#current) return;
    this.#shown = true;
    this.#out.write(`${heading(this.#current)}\n`);
  }

  #stream(text: string): void {
    // Docker's own lines about a step: what they say is said by the notes.
    if (/^ ---> /.test(text) || /^Step \d+\//.test(text) || /^Successfully (built|tagged) /.test(text)) return;
    this.#head();
    const plain = text.replace(/^\x1b\[91m(.*)\x1b\[0m$/s, '$1');
    this.#said += plain;
    if (this.#said.length > 1 << 16) this.#said = this.#said.slice(-(1 << 15));
    this.#out.write(plain);
  }

  #transfer({ status, id, progress }: BuildMessage): void {
    // Of a transfer only what is not repeated a hundred times.
    if (progress) return;
    this.#head();
    this.#out.write(`${id ? `${id}: ` : ''}${status}\n`);
  }

  /** What is said of a failure: the command and the end of what it has said, and where it stands. */
  failure(): string {
    const step = this.#failed;
    if (!step) return '';
    const said = this.#said.trimEnd().split('\n').slice(-TAIL).filter(Boolean);
    const rule = '-'.repeat(6);
    const shown = step.exitCode === undefined ? '' : `${rule}\n > ${heading(step)}:\n${said.map((line) => `${line}\n`).join('')}${rule}\n`;
    return shown + (this.#lines && step.line ? excerpt(this.#lines, step.line) : '');
  }
}
