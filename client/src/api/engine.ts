import { API_VERSION } from '@tinydocker/shared/version.js';
import { type Body, Connection, type Reply } from './connection.js';
import { ApiError, notAnEngine } from './errors.js';
import type { Host } from './host.js';
import { parseJson } from './json.js';

/** A list is given word by word. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallOptions {
  query?: Query;
  body?: object | undefined;
  headers?: Readonly<Record<string, string>>;
}

const PREFIX = `/v${API_VERSION}`;

function pathOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value] as const],
    )
    .filter(([, value]) => value !== undefined && value !== '' && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(value === true ? '1' : String(value))}`);
  return `${PREFIX}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

/** The daemon, as commands see it: requests by path, errors as its own words. Connections are kept and used again. */
export class Engine {
  readonly host: Host;
  readonly #idle: Connection[] = [];

  constructor(host: Host) {
    this.host = host;
  }

  /** Begins to connect now, for requests that are to come soon. */
  warm(connections = 1): void {
    for (let i = 0; i < connections; i++) this.#idle.push(this.#connect());
  }

  /** A request whose answer is JSON; undefined when it is empty. */
  async call<T = void>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const reply = await this.open(method, path, options);
    const text = await reply.text();
    if (text === '') return undefined as T;
    try {
      return parseJson<T>(text);
    } catch {
      throw notAnEngine(this.host, `its answer to ${method} ${path} is not JSON`);
    }
  }

  get<T>(path: string, query?: Query): Promise<T> {
    return this.call<T>('GET', path, query ? { query } : {});
  }

  post<T = void>(path: string, query?: Query, body?: object): Promise<T> {
    return this.call<T>('POST', path, { ...(query && { query }), body });
  }

  /** A request whose answer is read as it comes. @throws ApiError when the daemon refuses */
  open(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return this.#request(this.#take(), method, pathOf(path, options.query), body, options.headers);
  }

  /** The headers of what is there; undefined where the daemon refuses to tell: a HEAD has no words for why. */
  async head(path: string, query: Query): Promise<ReadonlyMap<string, string> | undefined> {
    const reply = await this.#take().request('HEAD', pathOf(path, query));
    return reply.status < 400 ? reply.headers : undefined;
  }

  /** Sends a stream. */
  upload(
    path: string,
    query: Query,
    content: AsyncIterable<Uint8Array>,
    method: 'POST' | 'PUT' = 'POST',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    return this.#request(this.#take(), method, pathOf(path, query), content, {
      'Content-Type': 'application/x-tar',
      ...headers,
    });
  }

  /** Turns a connection into a stream of bytes in both directions: attach and exec. */
  async takeOver(path: string, options: CallOptions = {}): Promise<{ connection: Connection; reply: Reply }> {
    const connection = this.#take();
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const reply = await this.#request(connection, 'POST', pathOf(path, options.query), body, {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
    });
    return { connection, reply };
  }

  #take(): Connection {
    for (;;) {
      const connection = this.#idle.shift();
      if (connection === undefined) return this.#connect();
      if (connection.usable) return connection;
      connection.destroy();
    }
  }

  #connect(): Connection {
    return new Connection(this.host, (connection) => this.#idle.push(connection));
  }

  async #request(
    connection: Connection,
    method: string,
    path: string,
    body?: Body,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    const reply = await connection.request(method, path, { body, ...(headers && { headers }) });
    if (reply.status >= 400) throw await this.#refused(reply, method, path);
    return reply;
  }

  async #refused(reply: Reply, method: string, path: string): Promise<Error> {
    const text = await reply.text();
    let message: unknown;
    try {
      message = (JSON.parse(text) as { message?: unknown }).message;
    } catch {}
    if (typeof message !== 'string') {
      return notAnEngine(this.host, `it answers ${method} ${path.slice(PREFIX.length)} with ${reply.status}`);
    }
    if (/client version \S+ is too new/.test(message)) {
      return new ApiError(reply.status, `${message}: update the daemon at ${this.host.url}, or use its own tdctl`);
    }
    return new ApiError(reply.status, message);
  }
}

/** The text that commands print for what the daemon refuses. */
export const refusal = (error: ApiError): string => `Error response from daemon: ${error.message}`;
