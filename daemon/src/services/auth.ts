import type { AuthConfig, AuthResponse } from '@tinydocker/shared/api/auth.js';
import { EngineError, invalid, notImplemented } from '@tinydocker/shared/errors.js';

/** ms that a registry has to answer. */
const TIMEOUT = 15_000;

/** Hosts that are this machine: plain HTTP goes no further. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The base of the registry's API, of an address as people write it. @throws EngineError invalid */
function registryUrl(address: string): URL {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  try {
    if (/[\s@?#\\]/.test(host)) throw new Error('it is not a host');
    return new URL(`http://${host}/v2/`);
  } catch {
    throw invalid(`unable to parse server address: "${address}" is not a host with its port`);
  }
}

/** The parameters of a WWW-Authenticate header (RFC 9110, 11.6.1): its first scheme in lower case, and what goes with it. */
export function parseChallenge(header: string): { scheme: string; parameters: Record<string, string> } {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header) ?? [];
  const parameters: Record<string, string> = {};
  for (const [, name, quoted, plain] of rest.matchAll(/([A-Za-z_]+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    parameters[name!.toLowerCase()] = quoted ?? plain ?? '';
  }
  return { scheme: scheme.toLowerCase(), parameters };
}

const unauthorized = (url: URL) =>
  new EngineError('unauthorized', `Get "${url}": unauthorized: incorrect username or password`);

interface Answer {
  status: number;
  /** Of WWW-Authenticate; '' where there is none. */
  challenge: string;
  body: string;
}

/** Bytes of an answer that are read: a token takes a few hundred. */
const BODY_LIMIT = 1024 * 1024;

async function get(url: URL, authorization?: string): Promise<Answer> {
  try {
    // Loaded by who needs it only: an HTTP client takes more memory than all else that is idle.
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({ maxResponseSize: BODY_LIMIT });
    try {
      const headers = authorization ? { authorization } : {};
      const answer = await request(url, { headers, dispatcher, signal: AbortSignal.timeout(TIMEOUT) });
      const challenge = String(answer.headers['www-authenticate'] ?? '');
      return { status: answer.statusCode, challenge, body: await answer.body.text() };
    } finally {
      void dispatcher.destroy();
    }
  } catch (error) {
    throw new EngineError('system', `Get "${url}": ${(error as Error).message}`);
  }
}

/** Asks the token server that a registry names. It has to be on this machine as well: the password goes nowhere else. */
async function bearerToken(base: URL, parameters: Record<string, string>, basic: string): Promise<string> {
  let url: URL;
  try {
    url = new URL(parameters.realm ?? '');
  } catch {
    throw new EngineError('system', `Get "${base}": the registry names no token server`);
  }
  if (!LOOPBACK.test(url.hostname)) {
    throw new EngineError('system', `Get "${base}": its token server ${url.host} is not on this machine`);
  }
  if (parameters.service) url.searchParams.set('service', parameters.service);
  const answer = await get(url, basic);
  if (answer.status !== 200) throw unauthorized(base);
  try {
    const { token, access_token } = JSON.parse(answer.body) as { token?: string; access_token?: string };
    return String(token ?? access_token ?? '');
  } catch {
    throw new EngineError('system', `Get "${url}": the answer of the token server cannot be read`);
  }
}

/**
 * Checks a name and its password with the registry itself. Only registries on this machine are asked as yet.
 * @throws EngineError invalid (no address), unauthorized, not-implemented (a registry elsewhere), system (it does not answer)
 */
export async function logIn({ username, password, serveraddress }: AuthConfig): Promise<AuthResponse> {
  const base = registryUrl(serveraddress || 'registry-1.docker.io');
  if (!LOOPBACK.test(base.hostname)) {
    throw notImplemented(
      `this engine does not log in to registries elsewhere yet (${base.host}): images come from load`,
    );
  }
  const done = { Status: 'Login Succeeded', IdentityToken: '' };
  const first = await get(base);
  if (first.status === 200) return done;
  const basic = `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`;
  const { scheme, parameters } = parseChallenge(first.challenge);
  if (first.status !== 401 || (scheme !== 'basic' && scheme !== 'bearer')) {
    throw new EngineError('system', `Get "${base}": the registry answers ${first.status}`);
  }
  const authorization = scheme === 'basic' ? basic : `Bearer ${await bearerToken(base, parameters, basic)}`;
  if ((await get(base, authorization)).status !== 200) throw unauthorized(base);
  return done;
}
