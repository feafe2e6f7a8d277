import type { IncomingHttpHeaders } from 'node:http';
import { type EngineError, invalid } from '@tinydocker/shared/errors.js';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidJson } from './errors.js';

const isEmpty = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

/**
 * How bodies are read: JSON is parsed; anything else is given to the route as a stream (request.body), unless the route
 * wants JSON. Clients put all sorts of types on requests without a body, which therefore count for nothing.
 */
export function installBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'ignore');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request: FastifyRequest, text: string, done) => {
    if (text.trim() === '') return done(null, undefined);
    parse(request, text, (error, value) => (error ? done(jsonError(text), undefined) : done(null, value)));
  });
  app.addContentTypeParser('*', (request: FastifyRequest, payload, done) => {
    if (isEmpty(request.headers)) return done(null, undefined);
    if (!request.routeOptions.schema?.body) return done(null, payload);
    const type = request.headers['content-type'] ?? '';
    done(invalid(`unsupported Content-Type header (${type}): must be 'application/json'`), undefined);
  });
}

/** Says where JSON is broken; fastify's own words leave that out. */
function jsonError(text: string): EngineError {
  try {
    JSON.parse(text);
  } catch (error) {
    return invalidJson((error as Error).message);
  }
  return invalidJson('it may not set __proto__');
}
