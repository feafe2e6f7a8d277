import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const MAX_LINE = 4096;

/** The next piece of a chunked body, found by the state it is in. */
type State = 'fixed' | 'size' | 'data' | 'data-end' | 'trailer' | 'done';

/**
 * Reads the body of a request from a socket that Node's parser has let go, by Content-Length or chunked (RFC 9112, 6 and 7),
 * and feeds it to `request`. What comes behind the body is kept: `rest`.
 */
export class BodyReader {
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  readonly #onMalformed: () => void;
  #state: State;
  /** Bytes left of the body, or of the chunk. */
  #left = 0;
  #line = '';
  #rest: Buffer[] = [];

  constructor(request: IncomingMessage, socket: Socket, onMalformed: () => void) {
    this.#request = request;
    this.#socket = socket;
    this.#onMalformed = onMalformed;
    const chunked = /(?:^|,)\s*chunked\s*$/i.test(request.headers['transfer-encoding'] ?? '');
    this.#left = Number(request.headers['content-length'] ?? 0);
    this.#state = chunked ? 'size' : this.#left > 0 ? 'fixed' : 'done';
  }

  /** Begins with the bytes that came behind the head. */
  start(head: Buffer): void {
    if (this.#state === 'done') this.#finish();
    else {
      this.#socket.on('data', this.#onData);
      this.#socket.on('end', this.#onEnd);
    }
    if (head.length > 0) this.#onData(head);
    if (this.#state !== 'done') this.#socket.resume();
  }

  /** Stops reading and returns what came behind the body. */
  detach(): Buffer {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    return Buffer.concat(this.#rest);
  }

  readonly #onEnd = (): void => {
    if (this.#state !== 'done') this.#request.destroy(new Error('the connection ended within the request body'));
  };

  readonly #onData = (data: Buffer): void => {
    let at = 0;
    while (at < data.length && this.#state !== 'done') at = this.#step(data, at);
    if (at < data.length) this.#rest.push(data.subarray(at));
  };

  /** Takes what the state asks for from `at` on, and returns where the rest begins. */
  #step(data: Buffer, at: number): number {
    if (this.#state === 'fixed' || this.#state === 'data') {
      const end = Math.min(at + this.#left, data.length);
      this.#left -= end - at;
      // Copied: the socket's buffer is used again. Not read yet by the route: hold the client back.
      if (!this.#request.push(Buffer.from(data.subarray(at, end)))) this.#socket.pause();
      if (this.#left === 0) {
        if (this.#state === 'fixed') this.#finish();
        else this.#state = 'data-end';
      }
      return end;
    }
    const newline = data.indexOf(0x0a, at);
    const end = newline < 0 ? data.length : newline + 1;
    this.#line += data.toString('latin1', at, end);
    if (this.#line.length > MAX_LINE) this.#refuse();
    else if (newline >= 0) this.#takeLine();
    return end;
  }

  #takeLine(): void {
    const line = this.#line.trimEnd();
    this.#line = '';
    if (this.#state === 'data-end') {
      if (line === '') this.#state = 'size';
      else this.#refuse();
    } else if (this.#state === 'trailer') {
      if (line === '') this.#finish();
    } else {
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line);
      this.#left = Number.parseInt(size?.[1] ?? '0', 16);
      this.#state = this.#left > 0 ? 'data' : 'trailer';
      if (!size) this.#refuse();
    }
  }

  #finish(): void {
    this.#state = 'done';
    // From here on the bytes are standard input: they stay in the socket until someone takes it over.
    this.#socket.pause();
    stopReading(this.#socket);
    this.#request.complete = true;
    this.#request.push(null);
  }

  #refuse(): void {
    this.#state = 'done';
    this.detach();
    this.#onMalformed();
  }
}

/** Makes Node leave the socket alone at once; pause() alone lets it fill its buffer. */
export function stopReading(socket: Socket): void {
  const handle = (socket as Socket & { _handle?: { readStop?: () => number; reading?: boolean } })._handle;
  if (!handle?.readStop) return;
  handle.reading = false;
  handle.readStop();
}

/** Makes Node read again what stopReading() has left alone: its stream believes that it has been reading all the time. */
export function startReading(socket: Socket): void {
  const handle = (socket as Socket & { _handle?: { readStart?: () => number; reading?: boolean } })._handle;
  if (handle?.readStart && !handle.reading) {
    handle.reading = true;
    handle.readStart();
  }
  socket.resume();
}
