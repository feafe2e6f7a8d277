/*
 * Reads HTTP/1.1 responses from the pieces they come in (RFC 9112). node:http would do, and takes a third of the time that
 * a short command lasts to load; what the daemon's socket needs of HTTP fits here.
 */

export interface ResponseHead {
  status: number;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
}

export interface ResponseEvents {
  head(head: ResponseHead): void;
  data(chunk: Buffer): void;
  /** The response is complete; the connection may carry another unless `close`. */
  end(close: boolean): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

const MAX_LINES = 256 * 1024;
const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');

/** What is not HTTP, or not as it should be. */
export class ProtocolError extends Error {}

export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first);
  if (!match) throw new ProtocolError('it does not answer in HTTP');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(match[1]), headers };
}

/** One response after another of one connection. */
export class ResponseReader {
  readonly #events: ResponseEvents;
  #state: State = 'head';
  /** Bytes of a line or head that is not yet whole. */
  #partial: Buffer = Buffer.alloc(0);
  #left = 0;
  #close = false;
  /** The answer to a HEAD says how long a body would be that does not come. */
  bodiless = false;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** @throws ProtocolError */
  push(piece: Buffer): void {
    let rest: Buffer | undefined = piece;
    while (rest !== undefined && rest.length > 0) rest = this.#step(rest);
  }

  /** The peer has closed its side. @returns whether that was a proper end */
  close(): boolean {
    if (this.#state === 'until-close') this.#end();
    return this.#state === 'head' && this.#partial.length === 0;
  }

  /** Takes what the state asks for; gives what is left, undefined when more must come first. */
  #step(piece: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#line(piece, HEAD_END, (text) => this.#head(text));
      case 'length':
      case 'chunk-data':
        return this.#counted(piece);
      case 'chunk-size':
        return this.#line(piece, CRLF, (text) => this.#chunkSize(text));
      case 'chunk-end':
        return this.#line(piece, CRLF, () => {
          this.#state = 'chunk-size';
        });
      case 'trailer':
        return this.#line(piece, CRLF, (text) => {
          if (text === '') this.#end();
        });
      case 'until-close':
        this.#events.data(piece);
        return undefined;
      case 'done':
        throw new ProtocolError('it sends more than was asked for');
    }
  }

  #line(piece: Buffer, end: Buffer, take: (text: string) => void): Buffer | undefined {
    const all = this.#partial.length === 0 ? piece : Buffer.concat([this.#partial, piece]);
    const at = all.indexOf(end);
    if (at < 0) {
      if (all.length > MAX_LINES) throw new ProtocolError('its answer has no end of line');
      if (this.#state === 'head' && all.length >= 5 && all.toString('latin1', 0, 5) !== 'HTTP/') parseHead('');
      this.#partial = all;
      return undefined;
    }
    this.#partial = Buffer.alloc(0);
    take(all.toString('latin1', 0, at));
    return all.subarray(at + end.length);
  }

  #counted(piece: Buffer): Buffer {
    const taken = piece.subarray(0, this.#left);
    this.#left -= taken.length;
    this.#events.data(taken);
    if (this.#left === 0) {
      if (this.#state === 'length') this.#end();
      else this.#state = 'chunk-end';
    }
    return piece.subarray(taken.length);
  }

  #head(text: string): void {
    const head = parseHead(text);
    const { status, headers } = head;
    // 1xx only says that the answer is to come, except 101: from there on the bytes are no longer HTTP.
    if (status < 200 && status !== 101) return;
    const length = Number(headers.get('content-length') ?? Number.NaN);
    this.#close = /\bclose\b/i.test(headers.get('connection') ?? '');
    const empty = this.bodiless || status === 204 || status === 304 || length === 0;
    if (status === 101) this.#state = 'until-close';
    else if (empty) this.#state = 'done';
    else if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) this.#state = 'chunk-size';
    else if (length > 0) this.#state = 'length';
    else this.#state = 'until-close';
    this.#left = Math.max(length || 0, 0);
    this.#events.head(head);
    if (empty && status !== 101) this.#end();
  }

  #chunkSize(text: string): void {
    const size = /^([0-9a-f]{1,13})\s*(?:;|$)/i.exec(text);
    if (!size) throw new ProtocolError('its answer is not chunked as it says');
    this.#left = Number.parseInt(size[1]!, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
  }

  #end(): void {
    const close = this.#close || this.#state === 'until-close';
    this.#state = close ? 'done' : 'head';
    this.#events.end(close);
  }
}
