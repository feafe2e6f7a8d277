import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LogDecoder, type LogSelection } from './log-decoder.js';

const BLOCK = 256 * 1024;
const NEWLINE = 0x0a;

export interface ReadLogsOptions extends LogSelection {
  /** Only the last records; undefined: all. */
  tail?: number;
  /** Goes on until `ended` is aborted and everything is read. */
  follow: boolean;
  /** Aborted when the container has ended: its log grows no more. */
  ended?: AbortSignal;
  /** Aborted when the reader is not wanted any more. */
  cancel?: AbortSignal;
}

/**
 * Reads a container's json-file log, rotated files (path.1 is newer than path.2) first, and yields what to send.
 * Needs a block of memory, whatever the size of the log.
 */
export async function* readLogs(path: string, options: ReadLogsOptions): AsyncGenerator<Buffer> {
  const decoder = new LogDecoder(options);
  // Watching starts before reading, or what is written between the two would never be announced.
  const changes = options.follow ? new Changes(path, [options.ended, options.cancel]) : undefined;
  try {
    let current: FileHandle | undefined;
    for (const { file, position } of await startingPoints(path, options.tail)) {
      await current?.close();
      current = file;
      decoder.reset();
      yield* readOn(file, position, decoder, options.cancel);
    }
    while (changes && !decoder.done && !options.cancel?.aborted) {
      const last = options.ended?.aborted ?? false;
      if (current) yield* readOn(current, undefined, decoder, options.cancel);
      const next = await successor(path, current);
      if (next) {
        if (current) yield* readOn(current, undefined, decoder, options.cancel);
        await current?.close();
        current = next;
        decoder.reset();
        continue;
      }
      if (last) break;
      await changes.next();
    }
    await current?.close();
  } finally {
    changes?.close();
  }
}

const positions = new WeakMap<FileHandle, number>();

/** Reads from where the last call ended (or from `position`) to the end of the file. */
async function* readOn(
  file: FileHandle,
  position: number | undefined,
  decoder: LogDecoder,
  cancel?: AbortSignal,
): AsyncGenerator<Buffer> {
  let at = position ?? positions.get(file) ?? 0;
  positions.set(file, at);
  const block = Buffer.allocUnsafe(BLOCK);
  while (!decoder.done && !cancel?.aborted) {
    const { bytesRead } = await file.read(block, 0, BLOCK, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    positions.set(file, at);
    const out = decoder.push(block.subarray(0, bytesRead));
    if (out.length > 0) yield out;
  }
}

/** Opens a file, or undefined where there is none (no log yet, or rotated away a moment ago). */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The files to read, oldest first, each with where to start so that `tail` records are left. */
async function startingPoints(path: string, tail?: number): Promise<{ file: FileHandle; position: number }[]> {
  const points: { file: FileHandle; position: number }[] = [];
  let wanted = tail ?? Number.POSITIVE_INFINITY;
  for (let n = 0; ; n++) {
    const file = await openIfThere(n === 0 ? path : `${path}.${n}`);
    if (!file) {
      if (n > 0) break;
      continue;
    }
    const { position, found } = tail === undefined ? { position: 0, found: 0 } : await fromEnd(file, wanted);
    points.unshift({ file, position });
    wanted -= found;
    if (wanted <= 0) break;
  }
  return points;
}

/** Where the last `count` records begin, and how many there are (at most `count`). */
async function fromEnd(file: FileHandle, count: number): Promise<{ position: number; found: number }> {
  const { size } = await file.stat();
  if (count <= 0) return { position: size, found: 0 };
  const block = Buffer.allocUnsafe(BLOCK);
  let found = 0;
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - BLOCK);
    const { bytesRead } = await file.read(block, 0, end - from, from);
    // A newline ends a record: the one at the very end of the file begins none.
    for (
      let i = block.lastIndexOf(NEWLINE, bytesRead - 1);
      i >= 0;
      i = i > 0 ? block.lastIndexOf(NEWLINE, i - 1) : -1
    ) {
      if (from + i === size - 1) continue;
      if (++found === count) return { position: from + i + 1, found };
    }
    end = from;
  }
  return { position: 0, found: size > 0 ? found + 1 : 0 };
}

/** The file that is now called `path`, where that is another than the one being read. */
async function successor(path: string, current: FileHandle | undefined): Promise<FileHandle | undefined> {
  try {
    if (current && (await stat(path)).ino === (await current.stat()).ino) return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return openIfThere(path);
}

/** Announces changes of a log by inotify(7) on its directory, which sees writes, renames and new files alike. */
class Changes {
  readonly #watcher: FSWatcher;
  readonly #detach: () => void;
  #changed = false;
  #wake: (() => void) | undefined;

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
