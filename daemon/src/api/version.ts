import type { IncomingMessage } from 'node:http';
import { type EngineError, invalid } from '@tinydocker/shared/errors.js';
import { API_VERSION, MIN_API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import type { FastifyInstance } from 'fastify';

/*
 * The version a client speaks stands before the path: /v1.43/info. It is taken off before routing, so that routes are written
 * once; without it the newest is meant.
 */

declare module 'fastify' {
  interface FastifyRequest {
    /** The version of the API that the client speaks: `1.43`. */
    readonly apiVersion: string;
  }
}

const PREFIX = /^\/v([0-9.]+)(?=\/)/;
const versions = new WeakMap<IncomingMessage, string>();

/** Takes off the version. For fastify's rewriteUrl. */
export function rewriteUrl(raw: IncomingMessage): string {
  const url = raw.url ?? '/';
  const match = PREFIX.exec(url);
  if (!match) return encodeName(raw.method, url);
  versions.set(raw, match[1]!);
  return encodeName(raw.method, url.slice(match[0].length));
}

/**
 * Image names hold slashes, which would end the parameter of a route: `/images/a/b/json` becomes `/images/a%2Fb/json`. So do the names of
 * links, which are removed like containers: `/containers/web/db?link=1`.
 */
function encodeName(method: string | undefined, url: string): string {
  const nouns = ['/images/', '/distribution/', ...(method === 'DELETE' ? ['/containers/'] : [])];
  const noun = nouns.find((start) => url.startsWith(start));
  if (noun === undefined) return url;
  // Only a removal has nothing behind the name.
  const match = (method === 'DELETE' ? /^([^?]+)/ : /^([^?]+)\/[a-z]+(?=\?|$)/).exec(url.slice(noun.length));
  const name = match?.[1];
  if (!name?.includes('/')) return url;
  return `${noun}${name.replaceAll('/', '%2F')}${url.slice(noun.length + name.length)}`;
}

/** Like numbers, part by part: 1.9 is before 1.24. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = Number(left[i] || 0) - Number(right[i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether the client speaks at least this version: for what an answer looked like before. */
export const speaks = (request: { apiVersion: string }, version: string): boolean =>
  compareVersions(request.apiVersion, version) >= 0;

function refusal(version: string): EngineError {
  if (compareVersions(version, API_VERSION) > 0) {
    return invalid(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  }
  return invalid(
    `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, ` +
      'please upgrade your client to a newer version',
  );
}

const accepted = (version: string): boolean =>
  compareVersions(version, API_VERSION) <= 0 && compareVersions(version, MIN_API_VERSION) >= 0;

/** On every answer, as dockerd has them. */
export const ENGINE_HEADERS = {
  'Api-Version': API_VERSION,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: `tinydocker/${VERSION} (linux)`,
};

/** Gives every request its version, refuses those that we do not speak, and puts Docker's headers on every answer. */
export function installVersion(app: FastifyInstance): void {
  app.decorateRequest('apiVersion', {
    getter(this: { raw: IncomingMessage }) {
      return versions.get(this.raw) ?? API_VERSION;
    },
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(ENGINE_HEADERS);
    const version = request.apiVersion;
    if (version !== API_VERSION && !accepted(version) && !request.is404) done(refusal(version));
    else done();
  });
  // Docker's client takes an error for text, and shows its braces, unless the type is exactly this: fastify adds a charset.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8')
      reply.header('content-type', 'application/json');
    done(null, payload);
  });
}
