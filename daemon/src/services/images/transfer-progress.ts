import { humanSize } from '@tinydocker/shared/units.js';

/** A line about the transfer of images, as Docker's clients show it. */
export interface TransferMessage {
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  /** The bar, for clients that draw none. */
  progress?: string;
  aux?: object;
}

export type ReportTransfer = (message: TransferMessage) => void;

const WIDTH = 50;
/** ms between two lines about one layer: dockerd's clients draw no more often. */
const INTERVAL = 100;

/** `[=====>      ]  1.5MB/3MB` */
export function progressBar(current: number, total: number): string {
  if (total <= 0 || current > total) {
    return total > 0 ? `[${'='.repeat(WIDTH)}>]  ${humanSize(current)}` : humanSize(current);
  }
  const done = Math.floor((current / total) * WIDTH);
  return `[${'='.repeat(done)}>${' '.repeat(WIDTH - done)}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** What happens to one layer; `id` is the beginning of its digest. */
export class LayerProgress {
  readonly #report: ReportTransfer;
  readonly id: string;
  #last = 0;

  constructor(digest: string, report: ReportTransfer) {
    this.id = digest.slice('sha256:'.length, 'sha256:'.length + 12);
    this.#report = report;
  }

  say(status: string): void {
    this.#report({ status, progressDetail: {}, id: this.id });
  }

  /** Not every step is worth a line; the last is. */
  step(status: string, current: number, total: number): void {
    const now = Date.now();
    if (now - this.#last < INTERVAL && current < total) return;
    this.#last = now;
    const progressDetail = { current, total };
    this.#report({ status, progressDetail, progress: progressBar(current, total), id: this.id });
  }
}
