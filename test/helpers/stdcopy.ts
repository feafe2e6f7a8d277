/**
 * Takes apart Docker's multiplexed stream: frames of an 8 byte head (stream number, three zeros, length in
 * big endian) and as many bytes. Written here once more so that the engine's own encoder is not its own judge.
 */
export class Demultiplexer {
  #rest: Buffer = Buffer.alloc(0);
  readonly #sink: (stream: 'stdout' | 'stderr', data: Buffer) => void;

  constructor(sink: (stream: 'stdout' | 'stderr', data: Buffer) => void) {
    this.#sink = sink;
  }

  push(data: Buffer): void {
    let rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (rest.length >= 8) {
      const kind = rest[0];
      if ((kind !== 1 && kind !== 2) || rest.readUIntBE(1, 3) !== 0) {
        throw new Error(`not a stdcopy frame: ${rest.subarray(0, 16).toString('hex')}`);
      }
      const length = rest.readUInt32BE(4);
      if (rest.length < 8 + length) break;
      this.#sink(kind === 1 ? 'stdout' : 'stderr', rest.subarray(8, 8 + length));
      rest = rest.subarray(8 + length);
    }
    this.#rest = rest;
  }

  /** Bytes of a frame that has not ended. */
  get unfinished(): number {
    return this.#rest.length;
  }
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** A whole multiplexed body, as text. */
export function demultiplex(body: Buffer): Output {
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const demux = new Demultiplexer((stream, data) => parts[stream].push(data));
  demux.push(body);
  if (demux.unfinished > 0) throw new Error(`the stream ends within a frame: ${demux.unfinished} bytes left`);
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}
