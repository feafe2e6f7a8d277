import http from 'node:http';
import type net from 'node:net';
import { CommandError, DaemonError } from '../errors.js';

export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, with its type. */
  stream?: NodeJS.ReadableStream;
  contentType?: string;
}

/** A connection that speaks raw bytes since the engine's 101. */
export interface Hijacked {
  socket: net.Socket;
  /** What had arrived behind the engine's answer. */
  head: Buffer;
  multiplexed: boolean;
}

/** The sentence for a socket that cannot be talked to: what is wrong and what to do. */
function explain(error: NodeJS.ErrnoException, path: string): CommandError {
  const how: Record<string, string> = {
    ENOENT: `tinydockerd is not running: there is no socket ${path}. Start it with "systemctl start tinydocker" or "npm start", or choose another socket with -H.`,
    ECONNREFUSED: `tinydockerd is not running: nobody listens on ${path}. Start it with "systemctl start tinydocker" or "npm start".`,
    EACCES: `permission denied on ${path}: use sudo, or add yourself to the socket's group ("sudo usermod -aG tinydocker $USER") and log in again.`,
    ENOTSOCK: `${path} is not a socket: choose the daemon's socket with -H unix://PATH.`,
  };
  if (error.code?.startsWith('HPE_'))
    return new CommandError(`what listens on ${path} is not a container engine: it does not speak HTTP.`);
  return new CommandError(how[error.code ?? ''] ?? `talking to tinydockerd on ${path}: ${error.message}`);
}

function target(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  if (pairs.length === 0) return path;
  return `${path}?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value === true ? '1' : value!)}`).join('&')}`;
}

async function text(response: http.IncomingMessage): Promise<string> {
  let all = '';
  response.setEncoding('utf8');
  for await (const part of response) all += part;
  return all;
}

async function daemonError(response: http.IncomingMessage): Promise<DaemonError> {
  const body = await text(response);
  try {
    return new DaemonError(response.statusCode!, (JSON.parse(body) as { message: string }).message);
  } catch {
    return new DaemonError(response.statusCode!, body.trim() || `the engine answered ${response.statusCode}`);
  }
}

/** The engine's API over its Unix socket. All knowledge of HTTP is in this folder. */
export class Connection {
  readonly path: string;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(path: string) {
    this.path = path;
  }

  #open(
    method: string,
    path: string,
    options: RequestOptions,
    headers: http.OutgoingHttpHeaders,
    agent: http.Agent | false,
  ): http.ClientRequest {
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const request = http.request({
      socketPath: this.path,
      method,
      path: target(path, options.query),
      agent,
      headers: {
        Host: 'tinydocker',
        ...(body ? { 'Content-Type': 'application/json', 'Content-Length': body.length } : {}),
        ...(options.stream ? { 'Content-Type': options.contentType, 'Transfer-Encoding': 'chunked' } : {}),
        ...(!body && !options.stream && method === 'POST' ? { 'Content-Length': 0 } : {}),
        ...headers,
      },
    });
    if (options.stream) options.stream.pipe(request);
    else request.end(body);
    return request;
  }

  /**
   * The answer with its body still to come. @throws DaemonError for a status of 400 and above, CommandError where
   * there is no engine
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<http.IncomingMessage> {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = this.#open(method, path, options, {}, this.#agent);
      request.on('response', resolve);
      request.on('error', (error) => reject(explain(error, this.path)));
    });
    if (response.statusCode! >= 400) throw await daemonError(response);
    return response;
  }

  /** The answer's JSON; undefined where it has no body. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const body = await text(await this.request(method, path, options));
    return (body ? JSON.parse(body) : undefined) as T;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.json<T>('GET', path, { query });
  }

  post<T = undefined>(path: string, query: Query = {}, body?: unknown): Promise<T> {
    return this.json<T>('POST', path, { query, body });
  }

  /** Takes the connection over: what follows are the bytes of a container's or exec's streams. */
  hijack(path: string, options: RequestOptions): Promise<Hijacked> {
    return new Promise((resolve, reject) => {
      const request = this.#open('POST', path, options, { Connection: 'Upgrade', Upgrade: 'tcp' }, false);
      request.on('upgrade', (response, socket, head) => {
        const type = response.headers['content-type'] ?? '';
        resolve({ socket: socket as net.Socket, head, multiplexed: type.includes('multiplexed') });
      });
      request.on('response', (response) => {
        if (response.statusCode! >= 400) daemonError(response).then(reject, reject);
        else reject(new CommandError('the engine did not hand over the connection'));
      });
      request.on('error', (error) => reject(explain(error, this.path)));
    });
  }

  /** Ends kept connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }
}
