import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { humanSize } from '@tinydocker/shared/units.js';
import { Failure } from '../errors.js';
import type { Output } from './stream.js';

/** A line of what the daemon tells about a transfer. */
export interface TransferLine {
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  stream?: string;
  error?: string;
  errorDetail?: { message?: string };
  aux?: object;
}

const BAR_MOST = 50;
/** What a bar's line holds besides the bar. */
const AROUND = 50;

function barOf(current: number, total: number, columns: number): string {
  if (total <= 0) return humanSize(current, 4);
  const room = Math.min(BAR_MOST, columns - AROUND);
  const share = Math.min(1, current / total);
  const numbers = `${humanSize(current, 4)}/${humanSize(total, 4)}`;
  if (room < 10) return numbers;
  const done = Math.floor(share * room);
  return `[${'='.repeat(done)}>${' '.repeat(room - done)}]  ${numbers}`;
}

/** Shows a transfer while it goes on: on a terminal one line a layer, which changes in its place, else every new word on a line. */
export class TransferView {
  readonly #output: Output;
  readonly #columns: number | undefined;
  readonly #lines = new Map<string, number>();
  #height = 0;

  /** @param columns of the terminal; undefined where the output is none */
  constructor(output: Output, columns: number | undefined) {
    this.#output = output;
    this.#columns = columns;
  }

  show({ status = '', id, progressDetail }: TransferLine): void {
    const { current, total = 0 } = progressDetail ?? {};
    const columns = this.#columns;
    if (columns === undefined) {
      if (current === undefined) this.#output.write(id ? `${id}: ${status}\n` : `${status}\n`);
      return;
    }
    const bar = current === undefined ? '' : ` ${barOf(current, total, columns)}`;
    // Only what goes on has a place of its own; the rest is told below.
    if (!id || progressDetail === undefined) {
      this.#below(id ? `${id}: ${status}` : status);
      return;
    }
    const text = `${id}: ${status}${bar}`.slice(0, columns - 1);
    const line = this.#lines.get(id);
    if (line === undefined) {
      this.#lines.set(id, this.#height);
      this.#below(text);
      return;
    }
    const up = this.#height - line;
    this.#output.write(`\u001b[${up}A\r\u001b[2K${text}\r\u001b[${up}B`);
  }

  #below(text: string): void {
    this.#height++;
    this.#output.write(`${text}\n`);
  }
}

/** Shows all of an answer. @throws Failure with what the daemon says went wrong */
export async function showTransfer(
  reply: { each(take: (chunk: Buffer) => void): Promise<void> },
  show: (line: TransferLine) => void,
): Promise<void> {
  const decoder = new LineDecoder<TransferLine>();
  let failure: string | undefined;
  const take = (lines: readonly TransferLine[]) => {
    for (const line of lines) {
      const { error, errorDetail } = line;
      failure ??= errorDetail?.message ?? error;
      if (error === undefined) show(line);
    }
  };
  await reply.each((chunk) => take(decoder.push(chunk)));
  take(decoder.end());
  if (failure !== undefined) throw new Failure(failure);
}
