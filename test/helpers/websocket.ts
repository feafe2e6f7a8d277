import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { within } from './until.js';

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface Frame {
  opcode: number;
  data: Buffer;
}

/** A client of RFC 6455 on a Unix socket, as plain as can be. */
export class WebSocketClient {
  readonly socket: net.Socket;
  status = 0;
  /** The answer where it is no 101. */
  body = '';
  readonly frames: Frame[] = [];
  ended = false;
  #rest = Buffer.alloc(0);
  #look = () => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
  }

  static async open(path: string, target: string, headers: Record<string, string> = {}, early?: Buffer) {
    const socket = net.connect({ path, allowHalfOpen: true });
    const self = new WebSocketClient(socket);
    const all: Record<string, string> = {
      ...{ Host: 'engine', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
      ...{ 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), ...headers },
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = Buffer.from(`GET ${target} HTTP/1.1\r\n${head.join('')}\r\n`);
    const answered = new Promise<void>((resolve, reject) => {
      let seen = Buffer.alloc(0);
      const onData = (data: Buffer) => {
        seen = Buffer.concat([seen, data]);
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) return;
        self.status = Number(seen.toString().split(' ')[1]);
        socket.off('data', onData);
        const rest = seen.subarray(end + 4);
        if (self.status === 101) {
          socket.on('data', (more: Buffer) => self.#take(more));
          self.#take(rest);
        } else {
          self.body = rest.toString();
          socket.on('data', (more: Buffer) => {
            self.body += more.toString();
          });
        }
        resolve();
      };
      socket.on('data', onData);
      socket.on('error', reject);
      socket.on('end', () => self.#end());
      socket.on('close', () => self.#end());
    });
    socket.write(early ? Buffer.concat([request, early]) : request);
    await within(`the answer to ${target}`, answered);
    return self;
  }

  #end(): void {
    this.ended = true;
    this.#look();
  }

  #take(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      if (this.#rest.length < 2) break;
      const short = this.#rest[1]! & 0x7f;
      const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
      if (this.#rest.length < 2 + extended) break;
      const length =
        extended === 8 ? Number(this.#rest.readBigUInt64BE(2)) : extended === 2 ? this.#rest.readUInt16BE(2) : short;
      if (this.#rest.length < 2 + extended + length) break;
      const start = 2 + extended;
      this.frames.push({
        opcode: this.#rest[0]! & 0x0f,
        data: Buffer.from(this.#rest.subarray(start, start + length)),
      });
      this.#rest = this.#rest.subarray(start + length);
    }
    this.#look();
  }

  /** The bytes of a masked frame. */
  static frame(opcode: number, text: string | Buffer, final = true): Buffer {
    const data = Buffer.from(text);
    const mask = randomBytes(4);
    const head =
      data.length < 126
        ? Buffer.from([(final ? 0x80 : 0) | opcode, 0x80 | data.length])
        : Buffer.from([(final ? 0x80 : 0) | opcode, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    if (data.length >= 126) head.writeBigUInt64BE(BigInt(data.length), 2);
    return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i & 3]!)]);
  }

  send(opcode: number, data: string | Buffer, final = true): void {
    this.socket.write(WebSocketClient.frame(opcode, data, final));
  }

  /** All of the messages so far, one after the other. */
  text(): string {
    return Buffer.concat(this.frames.filter(({ opcode }) => opcode <= BINARY).map(({ data }) => data)).toString();
  }

  /** Waits until something is so. */
  until(what: string, is: (self: this) => boolean): Promise<void> {
    const found = new Promise<void>((resolve, reject) => {
      this.#look = () => {
        if (is(this)) resolve();
        else if (this.ended) reject(new Error(`the connection ended before ${what}: ${JSON.stringify(this.text())}`));
      };
      this.#look();
    });
    return within(what, found);
  }

  /** Waits for the end, and ends this side as well. */
  async finished(): Promise<void> {
    await this.until('the end', (self) => self.ended);
    this.socket.destroy();
  }

  vanish(): void {
    this.socket.destroy();
  }
}
