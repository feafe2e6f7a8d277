import type { Readable } from 'node:stream';
import { EngineError } from '@tinydocker/shared/errors.js';
import { Authorization, type Credentials } from './authorization.js';
import type { Endpoint } from './endpoints.js';
import { type Incoming, type Outgoing, readText, type Transport } from './transport.js';

/** What may be done to a repository. */
export type Access = 'pull' | 'pull,push';

/** An error that a registry gives: distribution specification, "Error Codes". */
interface RegistryErrors {
  errors?: { code?: string; message?: string }[];
}

/** A request whose body can be made a second time. */
export interface RepositoryRequest extends Omit<Outgoing, 'body'> {
  body?: string | Buffer | (() => Readable);
}

/** One repository of a registry, by one way to reach it: requests with what proves who we are. */
export class Repository {
  readonly endpoint: Endpoint;
  /** As in `library/busybox`; '' for the registry itself. */
  readonly path: string;
  readonly #transport: Transport;
  readonly #scopes: string[];
  readonly authorization: Authorization;

  /** @param from repositories that are only read: blobs are mounted from them */
  constructor(
    endpoint: Endpoint,
    path: string,
    access: Access,
    credentials: Credentials,
    transport: Transport,
    from: readonly string[] = [],
  ) {
    this.endpoint = endpoint;
    this.path = path;
    this.#transport = transport;
    this.#scopes = path ? [`repository:${path}:${access}`, ...from.map((other) => `repository:${other}:pull`)] : [];
    this.authorization = new Authorization(endpoint, credentials, transport);
  }

  /** An address below the repository: `manifests/latest`. */
  url(rest: string): URL {
    return new URL(`${this.endpoint.base}v2/${this.path ? `${this.path}/` : ''}${rest}`);
  }

  /**
   * Sends a request, a second time where the registry wants to know who we are, or does not believe an older proof any more.
   * @throws EngineError system, unauthorized (by the token server)
   */
  async send(url: URL, request: RepositoryRequest = {}): Promise<Incoming> {
    const scope = this.#scopes.join(' ');
    const first = await this.#once(url, request, scope);
    if (first.status !== 401 || !this.#isOurs(url)) return first;
    if (!(await this.authorization.answer(first, scope))) return first;
    await first.body.dump();
    return this.#once(url, request, scope);
  }

  #once(url: URL, { body, ...rest }: RepositoryRequest, scope: string): Promise<Incoming> {
    const authorization = this.#isOurs(url) ? this.authorization.header(scope) : undefined;
    const headers = { ...rest.headers, ...(authorization && { authorization }) };
    const sent = typeof body === 'function' ? body() : body;
    const outgoing = { ...rest, headers, ...(sent !== undefined && { body: sent }) };
    return this.#transport.send(url, outgoing, this.endpoint.insecure);
  }

  /** A registry may say that an upload goes on elsewhere, where our password is nobody's business. */
  #isOurs(url: URL): boolean {
    return url.origin === new URL(this.endpoint.base).origin;
  }

  /** Whether there is a registry at all. @throws EngineError */
  async ping(): Promise<void> {
    const url = new URL(`${this.endpoint.base}v2/`);
    const answer = await this.#transport.send(url, {}, this.endpoint.insecure);
    await answer.body.dump();
    if (answer.status !== 200 && answer.status !== 401 && answer.status !== 403) {
      throw new EngineError('system', `Get "${url}": the registry answers ${answer.status}`);
    }
  }
}

/** What a registry says went wrong, in its words. */
export async function registryError(answer: Incoming, what: string): Promise<EngineError> {
  const text = await readText(answer).catch(() => '');
  let said = '';
  try {
    const { errors } = JSON.parse(text) as RegistryErrors;
    said = (errors ?? [])
      .map(({ code = '', message = '' }) => `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`)
      .join(', ');
  } catch {
    // no JSON: the status has to do
  }
  const detail = said || `unexpected status ${answer.status}`;
  if (answer.status === 404) return new EngineError('not-found', `${what} not found: ${detail}`);
  if (answer.status === 401)
    return new EngineError('unauthorized', `${what}: ${said || 'unauthorized: authentication required'}`);
  if (answer.status === 403)
    return new EngineError('forbidden', `${what}: ${said || 'denied: requested access to the resource is denied'}`);
  if (answer.status === 429)
    return new EngineError('system', `${what}: toomanyrequests: ${said || 'too many requests'}`);
  return new EngineError('system', `${what}: ${detail}`);
}
