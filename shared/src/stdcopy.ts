/*
 * Docker's way to send standard output and error over one connection: frames of one byte of stream, three of zero, four of
 * length (big-endian), and the bytes.
 */

/** Which stream a frame belongs to; 3 carries an error of the engine as text. */
export type StreamNumber = 0 | 1 | 2 | 3;

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const SYSTEM_ERROR = 3;

const HEADER = 8;

/** One frame. */
export function encodeFrame(stream: StreamNumber, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + data.length);
  frame.writeUInt32BE(stream * 0x1000000, 0);
  frame.writeUInt32BE(data.length, 4);
  frame.set(data, HEADER);
  return frame;
}

/** Takes frames apart as their bytes come, in whatever pieces. Passes on what it has and never gathers a whole frame. */
export class FrameDecoder {
  readonly #header = Buffer.alloc(HEADER);
  readonly #onData: (stream: StreamNumber, data: Buffer) => void;
  #headerBytes = 0;
  #left = 0;

  constructor(onData: (stream: StreamNumber, data: Buffer) => void) {
    this.#onData = onData;
  }

  /** @throws Error when the bytes are not frames: the connection is raw, or lost its place */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(at + this.#left, chunk.length);
        this.#left -= end - at;
        this.#onData(this.#header[0] as StreamNumber, chunk.subarray(at, end));
        at = end;
        continue;
      }
      const end = Math.min(at + HEADER - this.#headerBytes, chunk.length);
      chunk.copy(this.#header, this.#headerBytes, at, end);
      this.#headerBytes += end - at;
      at = end;
      if (this.#headerBytes === HEADER) this.#readHeader();
    }
  }

  /** Whether the bytes so far end with a whole frame. */
  get complete(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  #readHeader(): void {
    if (this.#header[0]! > SYSTEM_ERROR || this.#header[1] || this.#header[2] || this.#header[3]) {
      throw new Error(`not a frame of a multiplexed stream: ${this.#header.toString('hex')}`);
    }
    this.#left = this.#header.readUInt32BE(4);
    this.#headerBytes = 0;
  }
}
