import type { IncomingHttpHeaders } from 'node:http';
import { type EngineError, invalid } from '@tinydocker/shared/errors.js';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidJson } from './errors.js';

const isEmpty = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

/** Levels of a JSON text: what walks through it afterwards does so by recursion. */
const DEPTH_LIMIT = 500;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Where the string ends that begins at `at`: on its last quote. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  for (let code = text.charCodeAt(end); end < text.length && code !== QUOTE; code = text.charCodeAt(end))
    end += code === BACKSLASH ? 2 : 1;
  return end;
}

/** Whether a JSON text has too many levels. */
function isDeep(text: string): boolean {
  if (text.length <= DEPTH_LIMIT) return false;
  let depth = 0;
  for (let at = 0; at < text.length && depth <= DEPTH_LIMIT; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // Brackets and braces differ in one bit, as do their ends.
    else if ((code | 0x20) === 0x7b) depth++;
    else if ((code | 0x20) === 0x7d) depth--;
  }
  return depth > DEPTH_LIMIT;
}

/**
 * How bodies are read: JSON is parsed; anything else is given to the route as a stream (request.body), unless the route
 * wants JSON. Clients put all sorts of types on requests without a body, which therefore count for nothing.
 */
export function installBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'ignore');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request: FastifyRequest, text: string, done) => {
    if (text.trim() === '') return done(null, undefined);
    if (isDeep(text)) return done(invalidJson(`it is nested more than ${DEPTH_LIMIT} levels deep`), undefined);
    parse(request, text, (error, value) => (error ? done(jsonError(text), undefined) : done(null, value)));
  });
  app.addContentTypeParser('*', (request: FastifyRequest, payload, done) => {
    if (isEmpty(request.headers)) return done(null, undefined);
    if (!request.routeOptions.schema?.body) return done(null, payload);
    const type = request.headers['content-type'] ?? '';
    done(invalid(`unsupported Content-Type header (${type}): must be 'application/json'`), undefined);
  });
}

/**
 * Answers a request whose JSON has not arrived within `ms`, and hangs up. What comes as a stream (an archive) may take for ever:
 * its route reads it bit by bit.
 */
export function limitBodyTime(app: FastifyInstance, ms: number): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (/^application\/json/.test(request.headers['content-type'] ?? '') && !isEmpty(request.headers)) {
      const timer = setTimeout(() => {
        reply.header('connection', 'close').code(408).type('application/json');
        reply.send(JSON.stringify({ message: 'the request body took too long to arrive' }));
      }, ms);
      for (const event of ['end', 'close', 'error']) payload.once(event, () => clearTimeout(timer));
    }
    done(null, payload);
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
