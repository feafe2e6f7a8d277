import { LogFileReader, LogRoom, type LogSelection, logTail } from '../kernel/log.js';
import { LogChanges } from './log-changes.js';
import { eachFile, isNewest, type LogFile, type LogFiles, successor, unpack } from './log-files.js';

export interface ReadLogsOptions extends LogSelection {
  /** Only the last records; undefined: all. */
  tail?: number;
  /** Goes on until `ended` is aborted and everything is read. */
  follow: boolean;
  /** Aborted when the container has ended: its log grows no more. */
  ended?: AbortSignal;
  /** Aborted when the reader is not wanted any more. */
  cancel?: AbortSignal;
  /** A directory for what has to be decompressed. */
  scratch: string;
}

interface Start {
  file: LogFile;
  /** Where to begin, and where the file ended when the reading began. */
  position: bigint;
  end?: bigint;
}

/**
 * Reads a container's log, rotated files first, and yields what to send. What it yields is overwritten when it is asked for
 * more. It needs a few blocks of memory, whatever the size of the log.
 */
export async function* readLogs(files: LogFiles, options: ReadLogsOptions): AsyncGenerator<Buffer> {
  // Watching starts before reading, or what is written between the two would never be announced.
  const changes = options.follow ? new LogChanges(files.path, [options.ended, options.cancel]) : undefined;
  const starts: Start[] = [];
  let current: LogFile | undefined;
  try {
    await startingPoints(files, options, starts);
    let reader: LogFileReader | undefined;
    while (starts.length > 0 && reader?.status !== 'done' && !options.cancel?.aborted) {
      await current?.handle.close();
      const start = starts.shift()!;
      current = undefined;
      current = await unpacked(start.file, options.scratch);
      reader = new LogFileReader(current.handle.fd, files.format, options, start.position, start.end);
      yield* readOn(reader, options.cancel);
    }
    while (changes && reader?.status !== 'done' && !options.cancel?.aborted) {
      const last = options.ended?.aborted ?? false;
      if (reader) yield* readOn(reader, options.cancel);
      const next = await following(files, current, options.scratch);
      if (next) {
        // What came in before it was rotated away.
        if (reader) yield* readOn(reader, options.cancel);
        await current?.handle.close();
        current = next;
        reader = new LogFileReader(next.handle.fd, files.format, options);
        continue;
      }
      if (last) break;
      await changes.next();
    }
  } finally {
    changes?.close();
    await current?.handle.close();
    for (const { file } of starts) await file.handle.close();
  }
}

/** The file to read after `current`; where nothing is open yet, the newest. */
async function following(files: LogFiles, current: LogFile | undefined, scratch: string): Promise<LogFile | undefined> {
  let next: LogFile | undefined;
  if (current) next = await successor(files, current);
  else
    await eachFile(files, async (file) => {
      next = file;
      return false;
    });
  return next && unpacked(next, scratch);
}

/** Reads to the end of what there is now, the next block while the last one is being sent. */
async function* readOn(reader: LogFileReader, cancel?: AbortSignal): AsyncGenerator<Buffer> {
  const room = new LogRoom();
  let pending: Promise<Buffer> | undefined = reader.read(room);
  try {
    while (pending) {
      const out: Buffer = await pending;
      const more = reader.status === 'more' && !cancel?.aborted;
      pending = more ? reader.read(room) : undefined;
      if (out.length > 0) yield out;
    }
  } finally {
    await pending?.catch(() => {}); // it reads from a descriptor that will be closed, into memory that will be freed
  }
}

async function unpacked(file: LogFile, scratch: string): Promise<LogFile> {
  if (!file.compressed) return file;
  try {
    return { ...file, handle: await unpack(file, scratch), compressed: false };
  } finally {
    await file.handle.close();
  }
}

/** A log that rotates all the time is read all the same, if with a gap or out of order. */
const ATTEMPTS = 10;

/**
 * Fills `starts` with the files to read, oldest first, each with where to begin so that `tail` records are left. They are all
 * opened now: rotation takes away none of what was there when the reading began. Those that are compressed are unpacked when it
 * is known that they are needed.
 */
async function startingPoints(files: LogFiles, options: ReadLogsOptions, starts: Start[]): Promise<void> {
  for (let attempt = 1; !(await openAll(files, options, starts)) && attempt < ATTEMPTS; attempt++) {
    for (const { file } of starts.splice(0)) await file.handle.close();
  }
}

/** False where a rotation came in between: what was number two is number three now, or the one just opened is not the next. */
async function openAll(files: LogFiles, options: ReadLogsOptions, starts: Start[]): Promise<boolean> {
  const { tail, follow } = options;
  let wanted = tail ?? Number.POSITIVE_INFINITY;
  let newest: { file: LogFile; n: number } | undefined;
  let steady = true;
  await eachFile(files, async (file, n) => {
    const start: Start = { file, position: 0n };
    starts.unshift(start);
    newest ??= { file, n };
    steady = n === 0 || newest.n > 0 || (await isNewest(files, newest.file));
    if (!steady) return false;
    if (tail !== undefined) {
      start.file = await unpacked(file, options.scratch);
      const { position, found } = await logTail(start.file.handle.fd, files.format, wanted);
      start.position = position;
      wanted -= found;
    }
    if (!follow && !start.file.compressed) start.end = (await start.file.handle.stat({ bigint: true })).size;
    return wanted > 0;
  });
  return steady;
}
