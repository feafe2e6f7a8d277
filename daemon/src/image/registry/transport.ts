import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { EngineError } from '@tinydocker/shared/errors.js';
import type { Agent } from 'undici';

/** What is sent to a registry. */
export interface Outgoing {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
  signal?: AbortSignal | undefined;
}

/** What comes back; the body is to be read, or dumped, by whoever gets it. */
export interface Incoming {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable & { dump(): Promise<void>; text(): Promise<string> };
  /** Where it came from, after redirects. */
  readonly url: URL;
}

const REDIRECTS_LIMIT = 5;
/** ms that a registry may be silent. */
const SILENCE = 60_000;
const CONNECT = 10_000;
/** Bytes of an error or a token that are read. */
export const ANSWER_LIMIT = 1024 * 1024;

/** Where certificates lie for one registry, as with Docker: `<host>/*.crt`, and `*.cert` with `*.key` for ourselves. */
const CERTIFICATES = ['/etc/tinydocker/certs.d', '/etc/docker/certs.d'];

interface Certificates {
  ca: (string | Buffer)[];
  cert?: Buffer;
  key?: Buffer;
}

/** Where machines keep whom they trust, as Go looks for it: Debian's, Fedora's, and OpenSSL's own. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/** Whom the machine trusts, to which its administrator may have added; Node.js asks only those that it brings along. */
function machineCertificates(): readonly (string | Buffer)[] {
  const bundle = BUNDLES.find((path) => existsSync(path));
  return bundle === undefined ? rootCertificates : [readFileSync(bundle)];
}

const EXTENSION = /\.(crt|cert|key)$/;

/** The files of the first directory that a registry has, and when each was written: who puts one there need not restart us. */
function certificateFiles(host: string): { path: string; changed: number }[] {
  for (const root of CERTIFICATES) {
    const directory = join(root, host);
    try {
      const names = readdirSync(directory).filter((name) => EXTENSION.test(name));
      return names.sort().map((name) => {
        const path = join(directory, name);
        return { path, changed: statSync(path).mtimeMs };
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return [];
}

/** @throws Error in Docker's words: a certificate without its key, or a key without its certificate */
function readCertificates(paths: readonly string[]): Certificates {
  const ending = (end: string) => paths.filter((path) => path.endsWith(end));
  const counterpart = (path: string, from: string, to: string) => `${path.slice(0, -from.length)}${to}`;
  for (const path of ending('.cert'))
    if (!paths.includes(counterpart(path, '.cert', '.key')))
      throw new Error(`missing key ${counterpart(path, '.cert', '.key')} for client certificate ${path}`);
  for (const path of ending('.key'))
    if (!paths.includes(counterpart(path, '.key', '.cert')))
      throw new Error(`missing client certificate ${counterpart(path, '.key', '.cert')} for key ${path}`);
  const ca = ending('.crt').map((path) => readFileSync(path));
  const [cert, key] = [ending('.cert')[0], ending('.key')[0]];
  return {
    ca: [...machineCertificates(), ...ca],
    ...(cert && key && { cert: readFileSync(cert), key: readFileSync(key) }),
  };
}

/** A sentence for what keeps a request from being answered. */
export function transportError(method: string, url: URL, error: unknown): EngineError {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  const detail = message || (cause as Error | undefined)?.message || code || 'failed';
  return new EngineError('system', `${method === 'GET' ? 'Get' : method} "${url}": ${detail}`, { cause: error });
}

/** The connections to registries: made when they are needed, closed when nobody uses them. */
export class Transport {
  readonly #agents = new Map<string, Agent>();

  /** Loaded by who needs it only: an HTTP client takes more memory than all else that is idle. */
  async #agent(url: URL, insecure: boolean): Promise<Agent> {
    const files = url.protocol === 'https:' ? certificateFiles(url.host) : [];
    const key = url.protocol === 'https:' ? JSON.stringify([url.host, insecure, files]) : 'plain';
    const known = this.#agents.get(key);
    if (known) return known;
    const tls = readCertificates(files.map(({ path }) => path));
    const { Agent } = await import('undici');
    const connect = { timeout: CONNECT, rejectUnauthorized: !insecure, ...tls };
    const agent = new Agent({ connect, headersTimeout: SILENCE, bodyTimeout: SILENCE });
    this.#agents.set(key, agent);
    return agent;
  }

  /**
   * Sends a request and follows redirects, of reading only. What proves who we are goes to the very host that it was made for, and
   * nothing that was asked for by TLS is taken without.
   * @throws EngineError system: no answer
   */
  async send(start: URL, outgoing: Outgoing, insecure: boolean): Promise<Incoming> {
    const method = outgoing.method ?? 'GET';
    const reads = method === 'GET' || method === 'HEAD';
    let headers = { 'user-agent': 'tinydocker', ...outgoing.headers };
    let url = start;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once(url, { ...outgoing, method, headers }, insecure);
      const location = answer.headers.location;
      if (!reads || answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
      await answer.body.dump();
      if (redirects === REDIRECTS_LIMIT) throw transportError(method, start, new Error('too many redirects'));
      const next = redirected(url, String(location));
      if (next.origin !== url.origin) {
        const { authorization: _, ...rest } = headers as Record<string, string>;
        headers = rest as typeof headers;
      }
      url = next;
    }
  }

  async #once(url: URL, outgoing: Outgoing, insecure: boolean): Promise<Incoming> {
    const method = outgoing.method ?? 'GET';
    try {
      const dispatcher = await this.#agent(url, insecure);
      const { request } = await import('undici');
      const { headers = {}, body = null, signal } = outgoing;
      const answer = await request(url, { dispatcher, method, headers, body, ...(signal && { signal }) });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body as never, url };
    } catch (error) {
      throw transportError(method, url, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
  }
}

function redirected(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw transportError('GET', from, new Error('the registry redirects to what is no URL'));
  }
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:')) {
    throw transportError('GET', from, new Error(`the registry redirects to ${to.protocol}//, away from TLS`));
  }
  return to;
}

/** The text of an answer that should be short. @throws EngineError system: it is not, or it breaks off */
export async function readText({ body, url }: Incoming, limit = ANSWER_LIMIT): Promise<string> {
  return (await readBytes({ body, url }, limit)).toString('utf8');
}

/** The same as bytes. */
export async function readBytes({ body, url }: Pick<Incoming, 'body' | 'url'>, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    throw transportError('GET', url, error);
  }
  return Buffer.concat(pieces);
}
