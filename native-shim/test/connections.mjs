// The ends of a shim's connections that are not its own: the daemon's control connection, and clients' streams.
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { sendWithFds } = await import(join(here, '../../daemon/dist/kernel/socket.js'));

/** Lines of JSON on a descriptor of ours. */
export class Control {
  #fd;
  #socket;
  #rest = '';
  #waiting = new Map();
  #listeners = new Set();
  #nextId = 1;
  events = [];

  constructor(fd) {
    this.#fd = fd;
    this.#socket = new net.Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk) => this.#read(chunk.toString()));
    this.#socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve)).then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error('shim is gone'));
    });
  }

  #read(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      if ('event' in message) {
        this.events.push(message);
        for (const look of this.#listeners) look();
      } else {
        this.#waiting.get(message.id)?.resolve(message);
        this.#waiting.delete(message.id);
      }
    }
  }

  /** Resolves with the answer, whichever it is. */
  ask(op, fields = {}, fds = []) {
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.raw(`${JSON.stringify({ id, op, ...fields })}\n`, fds);
    return answer;
  }

  raw(text, fds = []) {
    sendWithFds(this.#fd, Buffer.from(text), fds);
  }

  /** The next answer to a line whose id could not be read. */
  complaint() {
    return new Promise((resolve, reject) => this.#waiting.set(null, { resolve, reject }));
  }

  /** An event of this kind, which may have come already. */
  event(kind, matches = () => true) {
    return new Promise((resolve, reject) => {
      this.closed.then(() => reject(new Error(`no event ${kind}: shim is gone`)));
      const look = () => {
        const found = this.events.find((e) => e.event === kind && matches(e));
        if (found) {
          this.#listeners.delete(look);
          resolve(found);
        }
      };
      this.#listeners.add(look);
      look();
    });
  }

  ack(event, exec) {
    this.raw(`${JSON.stringify({ op: 'ack', event, exec })}\n`);
  }

  /** What the death of the daemon is to the shim. */
  drop() {
    this.#socket.destroy();
  }
}

/** One end of an attached connection; the other is the shim's. */
export class Client {
  #output = [];
  #listeners = new Set();

  constructor(fd, { paused = false } = {}) {
    this.socket = new net.Socket({ fd, allowHalfOpen: true });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.ended = new Promise((resolve) => this.socket.once('end', resolve));
    if (!paused) this.resume();
  }

  resume() {
    this.socket.on('data', (chunk) => {
      this.#output.push(chunk);
      for (const look of this.#listeners) look();
    });
  }

  get bytes() {
    return Buffer.concat(this.#output);
  }

  get output() {
    return this.bytes.toString('latin1');
  }

  /** Resolves as soon as the output has `text` in it. */
  sees(text) {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.output.includes(text)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  write(data) {
    this.socket.write(data);
  }

  half() {
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }
}

/** stdcopy frames: what each stream carried. */
export function unframe(bytes) {
  const streams = { 1: [], 2: [] };
  let at = 0;
  while (at < bytes.length) {
    const size = bytes.readUInt32BE(at + 4);
    streams[bytes[at]].push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  if (at !== bytes.length) throw new Error('a frame without its end');
  return { stdout: Buffer.concat(streams[1]).toString(), stderr: Buffer.concat(streams[2]).toString() };
}

export const ALL = { stdin: true, stdout: true, stderr: true, mux: true };
