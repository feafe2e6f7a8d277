/** A message as it travels on a connection: behind its length (RFC 1035, 4.2.2). */
export function frame(message: Buffer): Buffer {
  const length = Buffer.allocUnsafe(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Takes a connection's bytes as they come, and tells of each message in them. Keeps no more than one message. */
export class Framed {
  readonly #message: (message: Buffer) => void;
  #rest = Buffer.alloc(0);

  constructor(message: (message: Buffer) => void) {
    this.#message = message;
  }

  take(chunk: Buffer): void {
    let bytes = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      this.#message(bytes.subarray(2, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = Buffer.from(bytes);
  }
}
