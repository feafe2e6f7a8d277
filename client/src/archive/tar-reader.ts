import { Failure } from '../errors.js';

/** One entry of an archive. */
export interface TarHeader {
  name: string;
  /** '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory, '6' FIFO. */
  type: string;
  link: string;
  mode: number;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
}

/** Takes the data of one file. */
export interface TarSink {
  data(piece: Buffer): void;
  end(): void;
}

const BLOCK = 512;
/** What an extended header may take. */
const SPECIAL_LIMIT = 1 << 20;

const broken = (what: string): Failure => new Failure(`the archive is broken: ${what}`);

/** Text up to its NUL. */
function field(block: Buffer, at: number, size: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end < 0 || end > at + size ? at + size : end);
}

function number(block: Buffer, at: number, size: number): number {
  if (block[at]! & 0x80) {
    let value = block[at]! & 0x7f;
    for (let i = at + 1; i < at + size; i++) value = value * 256 + block[i]!;
    if (!Number.isSafeInteger(value)) throw broken('a number is too large');
    return value;
  }
  const text = field(block, at, size).trim();
  if (!/^[0-7]*$/.test(text)) throw broken('a number is none');
  return Number.parseInt(text || '0', 8);
}

function checkSum(block: Buffer): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i]!;
  if (number(block, 148, 8) !== sum) throw broken('a header has a wrong checksum');
}

/** Records of an extended header: "<length> <key>=<value>\n". */
function readRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, space));
    if (space < 0 || !Number.isInteger(length) || length < space - at + 4 || at + length > data.length) {
      throw broken('an extended header has a wrong length');
    }
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw broken('an extended header has no key');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

/**
 * Reads a tar archive (ustar, pax, long names of GNU) from the pieces it comes in. What it says is not believed: whoever takes the
 * entries checks their names.
 */
export class TarReader {
  readonly #entry: (header: TarHeader) => TarSink | undefined;
  #partial: Buffer = Buffer.alloc(0);
  #sink: TarSink | undefined;
  #left = 0;
  #padding = 0;
  #special: { type: string; pieces: Buffer[] } | undefined;
  #records = new Map<string, string>();
  #ended = false;

  /** @param entry is told of every entry; what it returns gets the data */
  constructor(entry: (header: TarHeader) => TarSink | undefined) {
    this.#entry = entry;
  }

  push(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0 && !this.#ended) {
      if (this.#left > 0) rest = this.#data(rest);
      else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, rest.length);
        this.#padding -= skipped;
        rest = rest.subarray(skipped);
      } else rest = this.#header(rest);
    }
  }

  /** At the end of what there is. @throws Failure when the archive does not end there */
  end(): void {
    if (!this.#ended && (this.#left > 0 || this.#partial.length > 0)) throw broken('it ends too early');
  }

  #data(piece: Buffer): Buffer {
    const taken = piece.subarray(0, this.#left);
    this.#left -= taken.length;
    if (this.#special) this.#special.pieces.push(Buffer.from(taken));
    else this.#sink?.data(taken);
    if (this.#left === 0) this.#finish();
    return piece.subarray(taken.length);
  }

  #finish(): void {
    this.#sink?.end();
    this.#sink = undefined;
    const special = this.#special;
    this.#special = undefined;
    if (!special) return;
    const data = Buffer.concat(special.pieces);
    if (special.type === 'x') for (const [key, value] of readRecords(data)) this.#records.set(key, value);
    else if (special.type === 'L') this.#records.set('path', field(data, 0, data.length));
    else if (special.type === 'K') this.#records.set('linkpath', field(data, 0, data.length));
  }

  #header(piece: Buffer): Buffer {
    const all = this.#partial.length > 0 ? Buffer.concat([this.#partial, piece]) : piece;
    if (all.length < BLOCK) {
      this.#partial = Buffer.from(all);
      return Buffer.alloc(0);
    }
    this.#partial = Buffer.alloc(0);
    const block = all.subarray(0, BLOCK);
    if (block.every((byte) => byte === 0)) this.#ended = true;
    else this.#begin(block);
    return all.subarray(BLOCK);
  }

  #begin(block: Buffer): void {
    checkSum(block);
    const type = field(block, 156, 1) || '0';
    const stored = number(block, 124, 12);
    if ('xgLK'.includes(type)) {
      if (stored > SPECIAL_LIMIT) throw broken('an extended header is too long');
      this.#special = { type, pieces: [] };
      this.#take(stored);
      return;
    }
    const records = this.#records;
    this.#records = new Map();
    const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(block, 345, 155) : '';
    const name = field(block, 0, 100);
    const size = type === '0' || type === '7' ? Number(records.get('size') ?? stored) : 0;
    if (!Number.isSafeInteger(size) || size < 0) throw broken('a size is none');
    this.#sink = this.#entry({
      name: records.get('path') ?? (prefix ? `${prefix}/${name}` : name),
      type: type === '7' ? '0' : type,
      link: records.get('linkpath') ?? field(block, 157, 100),
      mode: number(block, 100, 8) & 0o7777,
      size,
      mtime: Number(records.get('mtime') ?? number(block, 136, 12)) || 0,
    });
    this.#take(size);
  }

  #take(size: number): void {
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) this.#finish();
  }
}
