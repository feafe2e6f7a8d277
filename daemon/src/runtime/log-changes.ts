import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Announces changes of a log by inotify(7) on its directory, which sees writes, renames and new files alike. */
export class LogChanges {
  readonly #watcher: FSWatcher;
  readonly #detach: () => void;
  #changed = false;
  #wake: (() => void) | undefined;

  /** The signals count as changes when they are aborted. */
  constructor(path: string, signals: (AbortSignal | undefined)[]) {
    const name = basename(path);
    const notice = () => {
      this.#changed = true;
      this.#wake?.();
    };
    this.#watcher = watch(dirname(path), (_event, file) => file === name && notice());
    this.#watcher.on('error', notice);
    for (const signal of signals) signal?.addEventListener('abort', notice);
    this.#detach = () => {
      for (const signal of signals) signal?.removeEventListener('abort', notice);
    };
    this.#changed = signals.some((signal) => signal?.aborted);
  }

  /** Resolves at the next change, or at once when there was one since the last call. */
  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#watcher.close();
    this.#detach();
    this.#wake?.();
  }
}
