import { createHash } from 'node:crypto';
import { TextDecoder } from 'node:util';

/*
 * Frames of RFC 6455 as a server reads and writes them. Data is passed on as it comes, never gathered: neither a frame nor a message
 * of any length takes memory.
 */

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const CONTINUATION = 0;

/** Why a connection is closed: section 7.4.1. */
export const NORMAL = 1000;
export const PROTOCOL_ERROR = 1002;
export const INVALID_DATA = 1007;
export const INTERNAL_ERROR = 1011;

/** Of a control frame: section 5.5. */
const CONTROL_MAX = 125;

/** What a client has done that the protocol forbids, with the code to close with. */
export class WebSocketError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The answer to Sec-WebSocket-Key: section 4.2.2. */
export const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** Whether a key is sixteen bytes in base64, as a client has to send it. */
export const isKey = (key: string | undefined): key is string => /^[A-Za-z0-9+/]{22}==$/.test(key ?? '');

/** One whole frame, as a server sends it: without a mask. */
export function encodeWebSocketFrame(opcode: number, data: Uint8Array): Buffer {
  const extended = data.length < 126 ? 0 : data.length < 65_536 ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + extended + data.length);
  frame[0] = 0x80 | opcode;
  frame[1] = extended === 0 ? data.length : extended === 2 ? 126 : 127;
  if (extended === 2) frame.writeUInt16BE(data.length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(data.length), 2);
  frame.set(data, 2 + extended);
  return frame;
}

/** The frame that closes, with its reason for people. */
export function encodeClose(code: number, reason = ''): Buffer {
  const data = Buffer.alloc(2 + Buffer.byteLength(reason));
  data.writeUInt16BE(code, 0);
  data.write(reason, 2);
  return encodeWebSocketFrame(CLOSE, data.subarray(0, CONTROL_MAX));
}

export interface WebSocketListener {
  /** A piece of a message. */
  data(piece: Buffer): void;
  ping(data: Buffer): void;
  /** The client closes; nothing of it comes any more. */
  close(code: number | undefined): void;
}

/** Takes apart what a client sends. */
export class WebSocketReader {
  readonly #listener: WebSocketListener;
  #head = Buffer.alloc(0);
  /** Of the frame that is being read; 0 between frames is told by #reading. */
  #reading = false;
  #opcode = 0;
  #final = true;
  #left = 0;
  #mask = Buffer.alloc(4);
  #maskAt = 0;
  #control: Buffer[] = [];
  /** The kind of the message that has begun and has not ended. */
  #message: number | undefined;
  #text: TextDecoder | undefined;
  #closed = false;

  constructor(listener: WebSocketListener) {
    this.#listener = listener;
  }

  /** @throws WebSocketError */
  write(chunk: Buffer): void {
    let rest = this.#reading ? chunk : Buffer.concat([this.#head, chunk]);
    if (!this.#reading) this.#head = Buffer.alloc(0);
    while (!this.#closed) {
      if (!this.#reading) {
        const size = this.#readHead(rest);
        if (size === 0) {
          this.#head = Buffer.from(rest);
          return;
        }
        rest = rest.subarray(size);
      }
      const piece = rest.subarray(0, this.#left);
      rest = rest.subarray(piece.length);
      this.#left -= piece.length;
      this.#payload(this.#unmask(piece));
      if (this.#left > 0) return;
      this.#reading = false;
      this.#end();
    }
  }

  /** Reads the head of a frame: section 5.2. @returns its size, 0 where it is not all there */
  #readHead(data: Buffer): number {
    if (data.length < 2) return 0;
    const [first, second] = [data[0]!, data[1]!];
    const opcode = first & 0x0f;
    const control = opcode >= CLOSE;
    const short = second & 0x7f;
    if (first & 0x70) throw new WebSocketError(PROTOCOL_ERROR, 'reserved bits are set');
    if (opcode > PONG || (opcode > BINARY && !control)) throw new WebSocketError(PROTOCOL_ERROR, 'unknown opcode');
    if (!(second & 0x80)) throw new WebSocketError(PROTOCOL_ERROR, 'a frame of a client is not masked');
    if (control && (short > CONTROL_MAX || !(first & 0x80))) {
      throw new WebSocketError(PROTOCOL_ERROR, 'a control frame is too long, or a fragment');
    }
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (data.length < 6 + extended) return 0;
    const length = extended === 8 ? data.readBigUInt64BE(2) : BigInt(extended === 2 ? data.readUInt16BE(2) : short);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new WebSocketError(PROTOCOL_ERROR, 'a frame is too long');
    this.#beginFrame(opcode, (first & 0x80) !== 0);
    this.#left = Number(length);
    this.#mask = Buffer.from(data.subarray(2 + extended, 6 + extended));
    this.#maskAt = 0;
    this.#reading = true;
    return 6 + extended;
  }

  #beginFrame(opcode: number, final: boolean): void {
    this.#opcode = opcode;
    this.#final = final;
    if (opcode >= CLOSE) return;
    if ((opcode === CONTINUATION) === (this.#message === undefined)) {
      throw new WebSocketError(PROTOCOL_ERROR, 'a message is continued that has not begun, or begun within another');
    }
    if (opcode === CONTINUATION) return;
    this.#message = opcode;
    this.#text = opcode === TEXT ? new TextDecoder('utf-8', { fatal: true }) : undefined;
  }

  #unmask(piece: Buffer): Buffer {
    const plain = Buffer.from(piece);
    for (let i = 0; i < plain.length; i++) plain[i]! ^= this.#mask[(this.#maskAt + i) & 3]!;
    this.#maskAt = (this.#maskAt + plain.length) & 3;
    return plain;
  }

  #payload(piece: Buffer): void {
    if (this.#opcode >= CLOSE) this.#control.push(piece);
    else if (piece.length > 0) {
      this.#checkText(piece, true);
      this.#listener.data(piece);
    }
  }

  #checkText(piece: Buffer, stream: boolean): void {
    try {
      this.#text?.decode(piece, { stream });
    } catch {
      throw new WebSocketError(INVALID_DATA, 'a text is not UTF-8');
    }
  }

  /** A frame is complete. */
  #end(): void {
    if (this.#opcode < CLOSE) {
      if (!this.#final) return;
      this.#checkText(Buffer.alloc(0), false);
      this.#message = undefined;
      return;
    }
    const data = Buffer.concat(this.#control.splice(0));
    if (this.#opcode === PING) this.#listener.ping(data);
    if (this.#opcode !== CLOSE) return;
    if (data.length === 1) throw new WebSocketError(PROTOCOL_ERROR, 'half of a code to close with');
    this.#closed = true;
    this.#listener.close(data.length >= 2 ? data.readUInt16BE(0) : undefined);
  }
}
