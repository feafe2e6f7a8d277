import { BlockList, isIP } from 'node:net';
import { EngineError } from '@tinydocker/shared/errors.js';
import { type Challenge, parseChallenge } from './challenge.js';
import { type Endpoint, isLoopback } from './endpoints.js';
import { type Incoming, readText, type Transport } from './transport.js';

/** Who somebody is at a registry: what X-Registry-Auth holds. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** In place of the password, for the token server. */
  readonly identityToken?: string | undefined;
  /** A token as it is. */
  readonly registryToken?: string | undefined;
}

/** A token is renewed this long before it ends, in ms, and lasts that long where its server does not say. */
const EARLY = 10_000;
const DEFAULT_LIFE = 60_000;

/** Addresses that are nobody's token server, but whose answers a registry might like to see: networks that are not routed. */
const INNER = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  INNER.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  INNER.addSubnet(network, bits, 'ipv6');
}

function isInner(hostname: string): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isIP(name) > 0 && INNER.check(name, isIP(name) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The token server that a registry names. A registry must not make this daemon send a password in clear, nor ask what only this
 * machine reaches.
 * @throws EngineError system
 */
export function realmOf(endpoint: Endpoint, { parameters }: Challenge): URL {
  const refuse = (why: string) => new EngineError('system', `Get "${endpoint.base}v2/": ${why}`);
  let url: URL;
  try {
    url = new URL(parameters.realm ?? '');
  } catch {
    throw refuse('the registry names no token server');
  }
  const { host, hostname } = new URL(endpoint.base);
  const plain = url.protocol === 'http:' && endpoint.insecure && (isLoopback(url.host) || url.hostname === hostname);
  if (url.protocol !== 'https:' && !plain) throw refuse(`its token server ${url.origin} is not reached by TLS`);
  const inside = isLoopback(url.host) ? isLoopback(host) : isInner(hostname);
  if (isInner(url.hostname) && !inside) throw refuse(`its token server ${url.host} is in a network of this machine`);
  if (url.username || url.password) throw refuse('the address of its token server holds a password');
  return url;
}

const basic = ({ username = '', password = '' }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

interface Token {
  token?: string;
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

/** What proves to one registry who we are, asked for when it wants to know, kept as long as it counts. */
export class Authorization {
  readonly #endpoint: Endpoint;
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  readonly #tokens = new Map<string, { header: string; until: number }>();
  #basic = false;
  /** What the token server gave in place of the password. */
  identityToken = '';

  constructor(endpoint: Endpoint, credentials: Credentials, transport: Transport) {
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#transport = transport;
  }

  /** The header for what is to be done, where one is known to be needed. */
  header(scope: string): string | undefined {
    const { registryToken } = this.#credentials;
    if (registryToken) return `Bearer ${registryToken}`;
    if (this.#basic) return basic(this.#credentials);
    const token = this.#tokens.get(scope);
    return token && token.until > Date.now() ? token.header : undefined;
  }

  /**
   * Does what a registry's 401 asks for. False: there is nothing that could be done about it.
   * @throws EngineError unauthorized (the token server does not know us), system
   */
  async answer(refusal: Incoming, scope: string): Promise<boolean> {
    const challenge = parseChallenge(String(refusal.headers['www-authenticate'] ?? ''));
    const { username, identityToken, registryToken } = this.#credentials;
    if (registryToken) return false;
    if (challenge.scheme === 'basic') {
      if (!username || this.#basic) return false;
      this.#basic = true;
      return true;
    }
    if (challenge.scheme !== 'bearer') return false;
    const url = realmOf(this.#endpoint, challenge);
    const { service } = challenge.parameters;
    const answer = await this.#ask(url, service, scope || challenge.parameters.scope || '', identityToken);
    const token = answer.token || answer.access_token;
    if (!token) throw new EngineError('system', `Get "${url}": the token server gives no token`);
    const life = answer.expires_in && answer.expires_in > 0 ? answer.expires_in * 1000 : DEFAULT_LIFE;
    this.#tokens.set(scope, { header: `Bearer ${token}`, until: Date.now() + Math.max(life - EARLY, life / 2) });
    this.identityToken = answer.refresh_token ?? '';
    return true;
  }

  async #ask(url: URL, service: string | undefined, scope: string, identityToken?: string): Promise<Token> {
    const { username } = this.#credentials;
    const scopes = scope.split(' ').filter(Boolean);
    let answer: Incoming;
    if (identityToken) {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: identityToken,
        client_id: 'docker',
      });
      if (service) form.set('service', service);
      if (scope) form.set('scope', scope);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      answer = await this.#transport.send(
        url,
        { method: 'POST', headers, body: String(form) },
        this.#endpoint.insecure,
      );
    } else {
      if (service) url.searchParams.set('service', service);
      for (const one of scopes) url.searchParams.append('scope', one);
      if (username) {
        url.searchParams.set('account', username);
        if (scopes.length === 0) {
          url.searchParams.set('client_id', 'docker');
          url.searchParams.set('offline_token', 'true');
        }
      }
      const headers: Record<string, string> = username ? { authorization: basic(this.#credentials) } : {};
      answer = await this.#transport.send(url, { headers }, this.#endpoint.insecure);
    }
    const text = await readText(answer);
    if (answer.status === 401 || answer.status === 403) {
      throw new EngineError(
        'unauthorized',
        `Get "${this.#endpoint.base}v2/": unauthorized: incorrect username or password`,
      );
    }
    try {
      if (answer.status === 200) return JSON.parse(text) as Token;
    } catch {
      // as any other answer that is none
    }
    throw new EngineError('system', `Get "${url}": the answer of the token server cannot be read (${answer.status})`);
  }
}
