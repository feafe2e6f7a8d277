import net from 'node:net';
import { Demultiplexer } from './stdcopy.js';
import { within } from './until.js';

export interface HijackOptions {
  method?: string;
  /** A JSON body (exec start). */
  body?: unknown;
  /** Sent in the same packet as the request, behind it. */
  early?: Buffer | string;
  /** Ask for an upgrade (default), or be an old client that just starts to speak. */
  upgrade?: boolean;
  /** Send the body in chunks instead of with its length. */
  chunked?: boolean;
}

/** A taken-over connection on a raw socket, as docker's clients have it after attach and exec start. */
export class Hijacked {
  readonly socket: net.Socket;
  status = 0;
  headers: Record<string, string> = {};
  /** All bytes as they came. */
  raw: Buffer[] = [];
  /** Both streams, where the answer is multiplexed. */
  readonly stdout: Buffer[] = [];
  readonly stderr: Buffer[] = [];
  ended = false;
  #failure: Error | undefined;
  #demux: Demultiplexer | undefined;
  readonly #watchers = new Set<() => void>();

  private constructor(socket: net.Socket) {
    this.socket = socket;
  }

  static async open(path: string, target: string, options: HijackOptions): Promise<Hijacked> {
    const socket = net.connect({ path, allowHalfOpen: true });
    const self = new Hijacked(socket);
    const head = self.#readHead();
    socket.write(request(target, options));
    await within(`the answer to ${target}`, head);
    return self;
  }

  #readHead(): Promise<void> {
    return new Promise((resolve, reject) => {
      let seen = Buffer.alloc(0);
      const onData = (data: Buffer) => {
        seen = Buffer.concat([seen, data]);
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.socket.off('data', onData);
        const [first, ...lines] = seen.subarray(0, end).toString().split('\r\n');
        this.status = Number(first!.split(' ')[1]);
        this.headers = Object.fromEntries(
          lines.map((line) => [
            line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim(),
          ]),
        );
        if (this.headers['content-type'] === 'application/vnd.docker.multiplexed-stream') this.demultiplexed();
        this.socket.on('data', (more: Buffer) => this.#take(more));
        this.#take(seen.subarray(end + 4));
        resolve();
      };
      this.socket.on('data', onData);
      this.socket.on('error', (error) => {
        this.#failure = error;
        reject(error);
        this.#finish();
      });
      this.socket.on('end', () => {
        reject(new Error('the engine hung up before it answered'));
        this.#finish();
      });
      this.socket.on('close', () => this.#finish());
    });
  }

  /** Reads what comes as frames although the head does not say so (API before 1.42). */
  demultiplexed(): this {
    this.#demux = new Demultiplexer((stream, data) => this[stream].push(Buffer.from(data)));
    for (const chunk of this.raw) this.#demux.push(chunk);
    return this;
  }

  #take(data: Buffer): void {
    if (data.length === 0) return;
    this.raw.push(data);
    try {
      this.#demux?.push(data);
    } catch (error) {
      this.#failure = error as Error;
      this.socket.destroy();
    }
    for (const watcher of this.#watchers) watcher();
  }

  #finish(): void {
    this.ended = true;
    for (const watcher of this.#watchers) watcher();
  }

  /** Text so far: of one stream, or as it came where there is one stream only. */
  text(stream: 'stdout' | 'stderr' | 'raw' = this.#demux ? 'stdout' : 'raw'): string {
    return Buffer.concat(this[stream]).toString();
  }

  write(data: Buffer | string): void {
    this.socket.write(data);
  }

  /** Sends everything and resolves when the kernel has taken it. */
  send(data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => this.socket.write(data, (error) => (error ? reject(error) : resolve())));
  }

  /** No more input from this side; its output goes on. */
  closeInput(): void {
    this.socket.end();
  }

  /** Gone without a word. */
  vanish(): void {
    this.socket.destroy();
  }

  /** Waits until the output so far matches; fails with it when the stream ends first. */
  waitFor(pattern: RegExp | string, stream?: 'stdout' | 'stderr' | 'raw'): Promise<string> {
    const has = () => {
      const text = this.text(stream);
      return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    };
    const found = new Promise<string>((resolve, reject) => {
      const look = () => {
        if (has()) resolve(this.text(stream));
        else if (this.ended)
          reject(
            this.#failure ?? new Error(`the stream ended without ${pattern}: ${JSON.stringify(this.text(stream))}`),
          );
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
    const text = () => JSON.stringify(this.text(stream).slice(-300));
    return within(String(pattern), found).catch((error: Error) => {
      throw new Error(`${error.message}, there is only ${text()}`);
    });
  }

  /** Waits for the end of the stream, closes this side as well, and gives all output. */
  async finished(): Promise<{ stdout: string; stderr: string; raw: string }> {
    const end = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!this.ended) return;
        this.#watchers.delete(look);
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      this.#watchers.add(look);
      look();
    });
    await within('the end of the stream', end, 60_000);
    this.socket.destroy();
    return { stdout: this.text('stdout'), stderr: this.text('stderr'), raw: this.text('raw') };
  }
}

function request(target: string, options: HijackOptions): Buffer {
  const body = options.body === undefined ? '' : JSON.stringify(options.body);
  const head = [`${options.method ?? 'POST'} ${target} HTTP/1.1`, 'Host: engine'];
  if (options.upgrade ?? true) head.push('Connection: Upgrade', 'Upgrade: tcp');
  if (options.body !== undefined) head.push('Content-Type: application/json');
  let payload = body;
  if (options.chunked) {
    head.push('Transfer-Encoding: chunked');
    payload = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  } else head.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n${payload}`), Buffer.from(options.early ?? '')]);
}
