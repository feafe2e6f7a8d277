import net from 'node:net';
import { SystemError } from '@tinydocker/shared/errors.js';
import { closeFd, sendWithFds } from '../kernel/socket.js';
import type { Step } from '../lib/steps.js';

/** What the shim says went wrong: the step, one sentence that names the object, the symbolic errno ('' for none). */
export interface ShimError {
  step: string;
  message: string;
  errno: string;
}

/** An answer to a request; what else is in it depends on the request. */
export interface ShimReply {
  id: number;
  ok?: boolean;
  error?: ShimError;
  pid?: number;
  startTime?: number;
  steps?: Step[];
  exitCode?: number;
  state?: string;
  /** Of an attach that holds: what is in the log by now bears a time up to this one. */
  time?: string;
  execs?: { exec: string; note?: string; pid: number; running: boolean; status: number }[];
}

export interface ShimEvent {
  event: string;
  [field: string]: unknown;
}

/** The shim answered with an error. */
export class ShimFailure extends Error {
  readonly step: string;
  readonly errno: string;
  /** 126, 127 or 128 where it concerns the start of a process. */
  readonly exitCode: number;
  readonly steps: Step[];
  constructor(error: ShimError, reply: ShimReply) {
    super(error.message);
    this.name = 'ShimFailure';
    this.step = error.step;
    this.errno = error.errno;
    this.exitCode = reply.exitCode ?? 128;
    this.steps = reply.steps ?? [];
  }
}

/** The connection ended before the answer came. */
export class ShimGone extends Error {
  /** `errno`: why there never was a shim, where it is known. */
  constructor(errno?: string) {
    super(errno === undefined ? 'its shim is gone' : `its shim could not be made (${errno})`);
    this.name = 'ShimGone';
  }
}

export interface ChannelListener {
  event(event: ShimEvent): void;
  /** The record of the start: the line's JSON, not parsed, for few ever ask for it. */
  steps(line: Buffer): void;
  /** The connection has ended; every open request has failed with ShimGone. */
  closed(): void;
}

interface Waiting {
  reply(reply: ShimReply): void;
  fail(error: Error): void;
}

const NEWLINE = 0x0a;
const STEPS = Buffer.from('{"event":"steps",');

/** Where all connections read into, one after the other. */
const received = Buffer.allocUnsafeSlow(64 * 1024);

/** What is not JSON is passed over: a shim is not given up because of one line. */
function parse(line: Buffer): ShimReply | ShimEvent | undefined {
  try {
    return JSON.parse(line.toString()) as ShimReply | ShimEvent;
  } catch {
    return undefined;
  }
}

/** One control connection to a shim (docs/shim-protocol.md): requests with their answers, and events. */
export class ShimChannel {
  readonly #fd: number;
  #socket: net.Socket | undefined;
  readonly #listener: ChannelListener;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #partial: Buffer[] = [];
  #open = true;
  #failure: string | undefined;

  /** Takes ownership of the descriptor. It is read from the next turn on: the first request is out before that costs anything. */
  constructor(fd: number, listener: ChannelListener) {
    this.#fd = fd;
    this.#listener = listener;
    process.nextTick(() => this.#listen());
  }

  #listen(): void {
    if (!this.#open) return;
    try {
      const onread = { buffer: received, callback: (size: number) => this.#read(received.subarray(0, size)) };
      // Node's documentation has `onread` with connect() only; the constructor is who takes it.
      const options = { fd: this.#fd, readable: true, writable: false, onread };
      this.#socket = new net.Socket(options as net.SocketConstructorOpts);
    } catch {
      closeFd(this.#fd);
      this.#end();
      return;
    }
    this.#socket.on('error', () => {});
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  /** Takes what has been read. The chunk is used again: what is kept of it is copied. */
  #read(chunk: Buffer): boolean {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at);
      const line = this.#partial.length ? Buffer.concat([...this.#partial.splice(0), rest]) : rest;
      from = at + 1;
      if (line.subarray(0, STEPS.length).equals(STEPS)) {
        this.#listener.steps(Buffer.from(line));
        continue;
      }
      const message = parse(line);
      if (message) this.#message(message);
    }
    if (from < chunk.length) this.#partial.push(Buffer.from(chunk.subarray(from)));
    return true;
  }

  #message(message: ShimReply | ShimEvent): void {
    if ('event' in message) {
      if (message.event === 'failed') this.#failure = String(message.errno);
      else this.#listener.event(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    waiting?.reply(message);
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const waiting of this.#waiting.values()) waiting.fail(new ShimGone(this.#failure));
    this.#waiting.clear();
    this.#listener.closed();
  }

  /** False once the connection has ended: nothing may be written to the descriptor, which may be another's by then. */
  get #writable(): boolean {
    return this.#open && !this.#socket?.destroyed;
  }

  #send(message: object, fd: number | undefined): void {
    if (!this.#writable) throw new ShimGone();
    try {
      sendWithFds(this.#fd, Buffer.from(`${JSON.stringify(message)}\n`), fd === undefined ? [] : [fd]);
    } catch (error) {
      // Its end has not been read yet.
      if (error instanceof SystemError && ['EPIPE', 'ECONNRESET'].includes(error.code)) throw new ShimGone();
      throw error;
    }
  }

  /**
   * Sends a request and resolves with its answer. `onReply` is called the moment the answer is read, before any event
   * behind it on the connection: where a state has to change in the order of the wire, it changes there.
   * @throws ShimFailure, ShimGone
   */
  request(op: string, fields: object, fd?: number, onReply?: (reply: ShimReply) => void): Promise<ShimReply> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, {
        fail: reject,
        reply: (reply) => {
          if (reply.error) {
            reject(new ShimFailure(reply.error, reply));
            return;
          }
          try {
            onReply?.(reply);
            resolve(reply);
          } catch (error) {
            reject(error);
          }
        },
      });
      try {
        this.#send({ id, op, ...fields }, fd);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error);
      }
    });
  }

  /** Sends a message that has no answer. Who is gone does not need it. */
  notify(op: string, fields: object): void {
    try {
      this.#send({ op, ...fields }, undefined);
    } catch (error) {
      if (!(error instanceof ShimGone)) throw error;
    }
  }

  /** Leaves the shim to itself: it goes on without us. */
  close(): void {
    if (this.#socket) this.#socket.destroy();
    else if (this.#open) closeFd(this.#fd);
    this.#end();
  }
}
