/**
 * Decodes Docker's json-file log into what GET /containers/{id}/logs sends. td-shim writes every record as
 * `{"log":"<text>","stream":"stdout","time":"<30 characters>"}\n`, so that the end of a line has a fixed shape and the text is
 * mostly the bytes that the container printed: those are copied, and only a text with escapes in it is parsed.
 */

/** Which records to send and how. Times are 30 characters, RFC 3339 with nanoseconds in UTC, so that they sort as text. */
export interface LogSelection {
  stdout: boolean;
  stderr: boolean;
  since?: string;
  until?: string;
  timestamps: boolean;
  /** stdcopy frames; false for a container with a terminal. */
  multiplexed: boolean;
}

const HEAD = '{"log":"'.length;
/** `","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}`: both stream names have six letters. */
const TAIL = '","stream":"stdout","time":"'.length + 30 + '"}'.length;
const TIME_FROM_END = 30 + '"}'.length;
const STREAM_FROM_END = TAIL - '","stream":"'.length;
const LETTER_O = 0x6f; // stdOut, at index 3 of the stream's name
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/** A time of the API (seconds with a fraction, or RFC 3339) in the form of the log. */
export function logTime(seconds: number, nanoseconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanoseconds).padStart(9, '0')}Z`;
}

export class LogDecoder {
  readonly #select: LogSelection;
  #rest: Buffer = Buffer.alloc(0);
  /** True once a record later than `until` was seen: nothing after it is wanted. */
  done = false;

  constructor(select: LogSelection) {
    this.#select = select;
  }

  /** Takes the next bytes of the log and returns what to send for the records that they complete. */
  push(chunk: Buffer): Buffer {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    // Never longer: a record's shape around the text takes more than a frame header and a timestamp.
    const out = Buffer.allocUnsafe(data.length + 64);
    let at = 0;
    let written = 0;
    for (;;) {
      const end = data.indexOf(NEWLINE, at);
      if (end < 0 || this.done) break;
      written = this.#record(data, at, end, out, written);
      at = end + 1;
    }
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : Buffer.alloc(0);
    return out.subarray(0, written);
  }

  /** A rotated file ends with a whole record; what is left over was cut by a crash and is dropped. */
  reset(): void {
    this.#rest = Buffer.alloc(0);
  }

  /** Decodes the record data[start, end) into out at `written`; returns where it ends there. */
  #record(data: Buffer, start: number, end: number, out: Buffer, written: number): number {
    const select = this.#select;
    if (end - start < HEAD + TAIL) return written;
    const isStdout = data[end - STREAM_FROM_END + 3] === LETTER_O;
    if (isStdout ? !select.stdout : !select.stderr) return written;
    if (select.since || select.until) {
      const time = data.toString('latin1', end - TIME_FROM_END, end - 2);
      if (select.since && time < select.since) return written;
      if (select.until && time > select.until) {
        this.done = true;
        return written;
      }
    }
    const payload = select.multiplexed ? written + 8 : written;
    let to = payload;
    if (select.timestamps) {
      to += data.copy(out, to, end - TIME_FROM_END, end - 2);
      out[to++] = 0x20;
    }
    to = copyText(data, start + HEAD, end - TAIL, out, to);
    if (select.multiplexed) {
      out.writeUInt32BE(isStdout ? 0x01000000 : 0x02000000, written);
      out.writeUInt32BE(to - payload, written + 4);
    }
    return to;
  }
}

/** Copies the JSON string data[from, until) unescaped to out at `to`; returns the end. */
function copyText(data: Buffer, from: number, until: number, out: Buffer, to: number): number {
  const escaped = data.indexOf(BACKSLASH, from);
  if (escaped < 0 || escaped >= until) return to + data.copy(out, to, from, until);
  if (escaped === until - 2 && data[until - 1] === 0x6e) {
    const end = to + data.copy(out, to, from, until - 2);
    out[end] = NEWLINE;
    return end + 1;
  }
  return to + out.write(JSON.parse(`"${data.toString('utf8', from, until)}"`) as string, to);
}
