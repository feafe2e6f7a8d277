import { checked, native } from './native.js';

/** What of a log to give out, and how. */
export interface LogSelection {
  stdout: boolean;
  stderr: boolean;
  /** Nanoseconds since 1970. */
  since?: bigint;
  until?: bigint;
  timestamps: boolean;
  /** stdcopy frames; false for a container with a terminal. */
  multiplexed: boolean;
  /** The attributes that the log driver put beside each record. */
  details: boolean;
}

export type LogFormat = 'json' | 'local';

/** `more`: call again; `end`: of the file, for now; `done`: a record later than `until` was met. */
export type LogStatus = 'more' | 'end' | 'done';
const STATUS: readonly LogStatus[] = ['more', 'end', 'done'];

// As libtd-native.h has them.
const STDOUT = 1;
const STDERR = 2;
const TIMESTAMPS = 4;
const MULTIPLEXED = 8;
const DETAILS = 16;
const LOCAL = 32;
const FOREVER = (1n << 63n) - 1n;
/** Room to read into, and what a record may become, at most. */
const BLOCK = 256 * 1024;
const ROOM = 2 * BLOCK;
const ROOM_DETAILS = 5 * BLOCK;

/** Nanoseconds reach from 1678 to 2262; what is beyond is no bound. */
const clamp = (ns: bigint): bigint => (ns > FOREVER ? FOREVER : ns < -FOREVER ? -FOREVER : ns);

const formatFlag = (format: LogFormat): number => (format === 'local' ? LOCAL : 0);

/** Memory to read with: a block of the file, and two of what becomes of it, so that one can be filled while one is being sent. */
export class LogRoom {
  readonly work = Buffer.allocUnsafeSlow(BLOCK);
  #spare: Buffer | undefined;
  #used: Buffer | undefined;

  next(size: number): Buffer {
    const out = this.#spare ?? Buffer.allocUnsafeSlow(size);
    this.#spare = this.#used;
    this.#used = out;
    return out;
  }
}

/** Decodes one file of a log, block by block, on libuv's threads. One call at a time. */
export class LogFileReader {
  readonly #fd: number;
  readonly #flags: number;
  readonly #select: LogSelection;
  /** td_log_cursor: offset, end, status. */
  readonly #cursor = new BigUint64Array(3);
  status: LogStatus = 'more';

  /** The descriptor stays the caller's, who keeps it open while a call runs. */
  constructor(fd: number, format: LogFormat, select: LogSelection, offset = 0n, end = FOREVER) {
    this.#fd = fd;
    this.#select = select;
    this.#cursor[0] = offset;
    this.#cursor[1] = end;
    this.#flags =
      formatFlag(format) |
      (select.stdout ? STDOUT : 0) |
      (select.stderr ? STDERR : 0) |
      (select.timestamps ? TIMESTAMPS : 0) |
      (select.multiplexed ? MULTIPLEXED : 0) |
      (select.details ? DETAILS : 0);
  }

  /** What is next, empty where nothing is; valid until the call after the next one with the same room. */
  async read(room: LogRoom): Promise<Buffer> {
    const { since, until, details } = this.#select;
    const out = room.next(details ? ROOM_DETAILS : ROOM);
    const args = [this.#fd, this.#flags, clamp(since ?? -FOREVER), clamp(until ?? FOREVER), this.#cursor];
    const length = await new Promise<number>((resolve, reject) => {
      native.logRead.async(...args, room.work, room.work.length, out, out.length, (error: unknown, result: number) =>
        error ? reject(error) : resolve(Number(result)),
      );
    });
    checked(length, 'read', 'log');
    this.status = STATUS[Number(this.#cursor[2])] ?? 'end';
    return out.subarray(0, length);
  }
}

/** Where the last `count` records of a file begin, and how many there are (at most `count`). */
export async function logTail(
  fd: number,
  format: LogFormat,
  count: number,
): Promise<{ position: bigint; found: number }> {
  const position = new BigUint64Array(1);
  const found = new BigUint64Array(1);
  const result = await new Promise<number>((resolve, reject) => {
    native.logTail.async(fd, formatFlag(format), count, position, found, (error: unknown, rc: number) =>
      error ? reject(error) : resolve(rc),
    );
  });
  checked(result, 'read', 'log');
  return { position: position[0]!, found: Number(found[0]) };
}
