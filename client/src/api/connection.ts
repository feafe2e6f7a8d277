import net from 'node:net';
import { connectionLost, notAnEngine, unreachable } from './errors.js';
import type { Host } from './host.js';
import { ProtocolError, type ResponseHead, ResponseReader } from './http-reader.js';

/** The beginning of an answer, and its body as it comes. */
export class Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  #pending: Buffer[] = [];
  #consumer: ((chunk: Buffer) => void) | undefined;
  #settled: Error | true | undefined;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(head: ResponseHead) {
    this.status = head.status;
    this.headers = head.headers;
  }

  /** Gives the body to `take`, piece by piece; resolves at its end. */
  each(take: (chunk: Buffer) => void): Promise<void> {
    for (const chunk of this.#pending) take(chunk);
    this.#pending = [];
    this.#consumer = take;
    return new Promise((resolve, reject) => {
      if (this.#settled === true) resolve();
      else if (this.#settled !== undefined) reject(this.#settled);
      else this.#settle = { resolve, reject };
    });
  }

  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    await this.each((chunk) => chunks.push(chunk));
    return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8');
  }

  /** For the connection only. */
  push(chunk: Buffer): void {
    if (!this.#consumer) this.#pending.push(chunk);
    else {
      try {
        this.#consumer(chunk);
      } catch (error) {
        this.finish(error as Error);
      }
    }
  }

  /** For the connection only: the end of the body, with an error when it is not whole. */
  finish(error?: Error): void {
    if (this.#settled !== undefined) return;
    this.#settled = error ?? true;
    if (error) this.#settle?.reject(error);
    else this.#settle?.resolve();
  }
}

export type Body = string | AsyncIterable<Uint8Array>;

export interface RequestOptions {
  headers?: Readonly<Record<string, string>>;
  /** A text is JSON; a stream is sent as it comes. */
  body?: Body | undefined;
}

const REUSE_MS = 3000;

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

/** One connection to the daemon: one request at a time, then another. Begins to connect when made. */
export class Connection {
  readonly #host: Host;
  readonly #socket: net.Socket;
  readonly #reader: ResponseReader;
  #waiting: Waiting | undefined;
  #reply: Reply | undefined;
  #failure: Error | undefined;
  #connected = false;
  #idleSince = Date.now();
  #onIdle: ((connection: Connection) => void) | undefined;

  /** @param onIdle called when a response is complete and the connection can carry another request */
  constructor(host: Host, onIdle?: (connection: Connection) => void) {
    this.#host = host;
    this.#onIdle = onIdle;
    this.#reader = new ResponseReader({
      head: (head) => this.#head(head),
      data: (chunk) => this.#reply?.push(chunk),
      end: (close) => this.#end(close),
    });
    // Half-open: after we have closed our half of an attached stream the output still comes.
    this.#socket = net.connect({ path: host.path, allowHalfOpen: true });
    this.#socket.on('connect', () => {
      this.#connected = true;
    });
    this.#socket.on('data', (chunk) => this.#data(chunk));
    this.#socket.on('end', () => this.#closed());
    this.#socket.on('close', () => this.#closed());
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(this.#connected ? connectionLost(host) : unreachable(host, error.code, error.message)),
    );
  }

  /** Whether a request may be sent: a daemon closes what has been idle for some seconds, perhaps just now. */
  get usable(): boolean {
    return this.#failure === undefined && Date.now() - this.#idleSince < REUSE_MS;
  }

  /** Sends a request; resolves when the head of its answer is there. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { body } = options;
    this.#reader.bodiless = method === 'HEAD';
    let head = `${method} ${path} HTTP/1.1\r\nHost: tinydocker\r\nUser-Agent: tdctl\r\n`;
    for (const [name, value] of Object.entries(options.headers ?? {})) head += `${name}: ${value}\r\n`;
    if (typeof body === 'string') {
      head += `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    } else if (body !== undefined) head += 'Transfer-Encoding: chunked\r\n';
    else if (method === 'POST' || method === 'PUT') head += 'Content-Length: 0\r\n';
    const reply = new Promise<Reply>((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      this.#waiting = { resolve, reject };
    });
    this.#socket.write(`${head}\r\n${typeof body === 'string' ? body : ''}`);
    if (body !== undefined && typeof body !== 'string') this.#upload(body);
    return reply;
  }

  /** Bytes for a connection that is no longer HTTP. @returns false when the daemon does not keep up, see `onDrain` */
  write(data: Uint8Array): boolean {
    return this.#socket.writable && this.#socket.write(data);
  }

  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener);
  }

  /** Closes our half. */
  endWriting(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#onIdle = undefined;
    this.#socket.destroy();
  }

  async #upload(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of body) {
        if (!this.#socket.writable) return;
        if (chunk.length === 0) continue; // an empty chunk is the end of a body
        this.#socket.cork();
        this.#socket.write(`${chunk.length.toString(16)}\r\n`);
        this.#socket.write(chunk);
        const flowing = this.#socket.write('\r\n');
        this.#socket.uncork();
        if (!flowing) await new Promise<void>((resolve) => this.#whenWritable(resolve));
      }
      this.#socket.write('0\r\n\r\n');
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
    }
  }

  #whenWritable(resolve: () => void): void {
    const done = () => {
      this.#socket.off('drain', done);
      this.#socket.off('close', done);
      resolve();
    };
    this.#socket.on('drain', done);
    this.#socket.on('close', done);
  }

  #data(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? notAnEngine(this.#host, error.message) : (error as Error));
      this.destroy();
    }
  }

  #head(head: ResponseHead): void {
    this.#reply = new Reply(head);
    this.#waiting?.resolve(this.#reply);
    this.#waiting = undefined;
  }

  #end(close: boolean): void {
    this.#reply?.finish();
    this.#reply = undefined;
    if (close) this.#socket.end();
    else {
      this.#idleSince = Date.now();
      this.#onIdle?.(this);
    }
  }

  #closed(): void {
    this.#reader.close();
    this.#fail(connectionLost(this.#host));
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
    this.#reply?.finish(this.#failure);
    this.#reply = undefined;
  }
}
