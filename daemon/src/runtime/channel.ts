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
  execs?: { exec: string; pid: number; running: boolean; status: number }[];
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
  constructor() {
    super('its shim is gone');
    this.name = 'ShimGone';
  }
}

export interface ChannelListener {
  event(event: ShimEvent): void;
  /** The connection has ended; every open request has failed with ShimGone. */
  closed(): void;
}

interface Waiting {
  reply(reply: ShimReply): void;
  fail(error: Error): void;
}

const NEWLINE = 0x0a;

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
  readonly #socket: net.Socket;
  readonly #listener: ChannelListener;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #partial: Buffer[] = [];
  #open = true;

  /** Takes ownership of the descriptor. */
  constructor(fd: number, listener: ChannelListener) {
    this.#fd = fd;
    this.#listener = listener;
    try {
      this.#socket = new net.Socket({ fd, readable: true, writable: false });
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at);
      const line = this.#partial.length ? Buffer.concat([...this.#partial.splice(0), rest]) : rest;
      from = at + 1;
      const message = parse(line);
      if (message) this.#message(message);
    }
    if (from < chunk.length) this.#partial.push(chunk.subarray(from));
  }

  #message(message: ShimReply | ShimEvent): void {
    if ('event' in message) {
      this.#listener.event(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    waiting?.reply(message);
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const waiting of this.#waiting.values()) waiting.fail(new ShimGone());
    this.#waiting.clear();
    this.#listener.closed();
  }

  /** False once the connection has ended: nothing may be written to the descriptor, which may be another's by then. */
  get #writable(): boolean {
    return this.#open && !this.#socket.destroyed;
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
    this.#socket.destroy();
    this.#end();
  }
}
