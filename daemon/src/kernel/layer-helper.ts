import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { EngineError } from '@tinydocker/shared/errors.js';
import { helperPath } from './helpers.js';
import { closeFd, pipe } from './socket.js';
import { type Ended, spawn, waitPid } from './spawn.js';

/** Why td-layer could not do what it was asked for. */
export type LayerFailure = 'invalid' | 'space' | 'system' | 'not-found' | 'not-directory' | 'read-only' | 'gone';

/** One line of td-layer's. */
export type LayerReply = { ok: true } | { ok: false; kind: LayerFailure; error: string };

export interface LayerHelperOptions {
  /** Whether it reads something: `input`; or what it reads, a descriptor that stays the caller's. */
  input?: boolean | number;
  /** Its descriptors 3, 4, ... */
  fds?: readonly number[];
}

/** More than any one line of td-layer's; a helper that says more is not believed. */
const LINE_LIMIT = 64 * 1024;

const ARCHIVE_VERBS: ReadonlySet<string> = new Set([
  'compress',
  'context',
  'decompress',
  'extract',
  'gather',
  'place',
  'probe',
  'unpack',
]);

/** Which program does something: td-tree starts in a fourth of the time, and reads no archives. */
export const layerProgram = (verb: string): 'td-layer' | 'td-tree' =>
  ARCHIVE_VERBS.has(verb) ? 'td-layer' : 'td-tree';

/** One run of td-layer that answers more than once, or reads what comes bit by bit. Whoever starts it waits for `ended`. */
export class LayerHelper {
  readonly #verb: string;
  readonly #pid: number;
  readonly #input: net.Socket | undefined;
  readonly #output: net.Socket;
  #running = true;
  #pieces: AsyncIterator<string> | undefined;
  #text = '';
  /** When it has ended and been reaped. */
  readonly ended: Promise<Ended>;

  constructor(verb: string, args: readonly string[], options: LayerHelperOptions = {}) {
    this.#verb = verb;
    const [read, write] = pipe();
    const stdin = options.input === true ? pipe() : undefined;
    try {
      const program = layerProgram(verb);
      this.#pid = spawn(helperPath(program), [program, verb, ...args], [], {
        stdin: stdin?.[0] ?? (typeof options.input === 'number' ? options.input : undefined),
        stdout: write,
        fds: options.fds,
      });
    } catch (error) {
      closeFd(read);
      if (stdin) closeFd(stdin[1]);
      throw error;
    } finally {
      closeFd(write);
      if (stdin) closeFd(stdin[0]);
    }
    this.ended = waitPid(this.#pid).then((ended) => {
      this.#running = false;
      return ended;
    });
    this.#output = new net.Socket({ fd: read, readable: true, writable: false });
    this.#input = stdin && new net.Socket({ fd: stdin[1], readable: false, writable: true });
    // A helper that ends early says why on its output.
    this.#input?.on('error', () => {});
  }

  /** What it reads. */
  get input(): Writable {
    return this.#input!;
  }

  /** What it prints, for those who read it themselves and not by reply(). */
  get output(): Readable {
    return this.#output;
  }

  /** Its next line. @throws EngineError where there is none, or none that can be read */
  async reply<T extends object = object>(): Promise<({ ok: true } & T) | (LayerReply & { ok: false })> {
    const line = await this.#line().catch(() => '');
    try {
      return JSON.parse(line) as never;
    } catch {
      return this.silent();
    }
  }

  /** Ends it. @throws EngineError that says how it ended without a word */
  async silent(): Promise<never> {
    this.kill();
    const { signal, status } = await this.ended;
    const how = signal ? `was killed by signal ${signal}` : `ended with code ${status}`;
    throw new EngineError('system', `td-layer ${this.#verb} ${how} without an answer`);
  }

  async #line(): Promise<string> {
    this.#pieces ??= this.#output.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
    for (;;) {
      const end = this.#text.indexOf('\n');
      const line = this.#text.slice(0, end);
      if (end >= 0) {
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const piece = this.#text.length > LINE_LIMIT ? undefined : await this.#pieces.next();
      if (!piece || piece.done) return '';
      this.#text += piece.value;
    }
  }

  /** Ends it, at any point of its work. */
  kill(): void {
    // Not reaped yet, so that the pid is its own.
    if (this.#running) process.kill(this.#pid, 'SIGKILL');
  }

  /** Waits for its end and closes what is left. */
  async close(): Promise<void> {
    await this.ended;
    this.#input?.destroy();
    this.#output.destroy();
  }
}
