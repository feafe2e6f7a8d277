import assert from 'node:assert/strict';
import http from 'node:http';
import type { Readable } from 'node:stream';
import { Hijacked, type HijackOptions } from './hijack.js';
import { DEADLINE_MS, within } from './until.js';

export type Query = Record<string, string | number | boolean | undefined>;

export interface CallOptions {
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: Buffer | string | Readable;
  headers?: http.OutgoingHttpHeaders;
  signal?: AbortSignal;
}

/** An answer with its whole body. */
export class Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;

  constructor(status: number, headers: http.IncomingHttpHeaders, body: Buffer) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get text(): string {
    return this.body.toString();
  }

  json<T>(): T {
    return JSON.parse(this.text) as T;
  }

  /** The sentence of an error answer. */
  get message(): string {
    return this.json<{ message: string }>().message;
  }
}

/** A client of the Docker Engine API on a Unix socket: one connection a request, nothing hidden. */
export class ApiClient {
  readonly socket: string;
  readonly #prefix: string;

  constructor(socket: string, prefix = '') {
    this.socket = socket;
    this.#prefix = prefix;
  }

  /** The same engine under a version prefix such as "/v1.41". */
  version(prefix: string): ApiClient {
    return new ApiClient(this.socket, prefix);
  }

  path(path: string, query: Query = {}): string {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
    return `${this.#prefix}${path}${search.size > 0 ? `?${search}` : ''}`;
  }

  /** Sends a request and gives the answer as soon as its head is here. */
  open(method: string, path: string, options: CallOptions = {}): Promise<http.IncomingMessage> {
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = http.request(
        {
          socketPath: this.socket,
          method,
          path: this.path(path, options.query),
          agent: false,
          signal: options.signal,
          headers: {
            ...(body ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
            ...options.headers,
          },
        },
        resolve,
      );
      // An engine may refuse a body that it has not read to its end: its answer counts, not the broken pipe.
      request.on('error', reject);
      if (options.raw !== undefined && typeof options.raw === 'object' && 'pipe' in options.raw)
        options.raw.pipe(request);
      else request.end(body ?? options.raw);
    });
    return within(`${method} ${path}`, answer);
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const response = await this.open(method, path, options);
    const body = within(`the body of ${method} ${path}`, collect(response), 2 * DEADLINE_MS);
    return new Reply(response.statusCode ?? 0, response.headers, await body);
  }

  get(path: string, query?: Query): Promise<Reply> {
    return this.call('GET', path, { query });
  }

  post(path: string, body?: unknown, query?: Query): Promise<Reply> {
    return this.call('POST', path, { body, query });
  }

  delete(path: string, query?: Query): Promise<Reply> {
    return this.call('DELETE', path, { query });
  }

  /** Takes the connection over, as attach and exec do. */
  hijack(path: string, options: HijackOptions & { query?: Query } = {}): Promise<Hijacked> {
    return Hijacked.open(this.socket, this.path(path, options.query), options);
  }
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The answer's JSON; anything but success fails the test with the engine's own sentence. */
export async function ok<T = unknown>(call: Promise<Reply>, status?: number): Promise<T> {
  const reply = await call;
  if (status === undefined) assert.ok(reply.status < 300, `${reply.status}: ${reply.text}`);
  else assert.equal(reply.status, status, reply.text);
  return (
    reply.body.length > 0 && reply.headers['content-type']?.startsWith('application/json') ? reply.json() : undefined
  ) as T;
}

/** The call fails as Docker's do: this status, a JSON body with a message alone, which reads so. */
export async function refused(call: Promise<Reply>, status: number, message: string | RegExp): Promise<void> {
  const reply = await call;
  assert.equal(reply.status, status, reply.text);
  assert.match(reply.headers['content-type'] ?? '', /^application\/json/);
  assert.deepEqual(Object.keys(reply.json<object>()), ['message'], reply.text);
  if (typeof message === 'string') assert.equal(reply.message, message);
  else assert.match(reply.message, message);
}
