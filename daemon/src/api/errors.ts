import type { Socket } from 'node:net';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { HTTP_STATUS } from '@tinydocker/shared/http-status.js';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a log may have of an address: arguments of a build are often passwords. */
const shownUrl = (url: string): string => (/\/build\?/.test(url) ? url.slice(0, url.indexOf('?')) : url);

/** What went wrong as a status and a sentence, for people and for the log. */
function describe(error: unknown): { status: number; message: string } {
  if (error instanceof EngineError) return { status: HTTP_STATUS[error.kind], message: error.message };
  const { statusCode, code, message } = error as Partial<FastifyError>;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { status: 413, message: 'request body is too large' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return { status: 400, message: message ?? 'bad request' };
    case 'FST_ERR_BAD_URL':
      return { status: 400, message: 'malformed percent-encoding in the path' };
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { status: 400, message: 'name in the path is too long' };
  }
  const status = statusCode && statusCode >= 400 ? statusCode : 500;
  return { status, message: message || 'internal error' };
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, message } = describe(error);
  if (status === 304) return void reply.code(304).send();
  if (status >= 500) request.log.error({ err: error, method: request.method, url: shownUrl(request.url) }, message);
  else request.log.debug({ method: request.method, url: shownUrl(request.url), status }, message);
  reply.code(status).type('application/json').send(JSON.stringify({ message }));
}

/** Docker's answers to what is not there and to what goes wrong: a status and `{"message"}`. */
export function installErrors(app: FastifyInstance): void {
  app.setErrorHandler(answer);
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).type('application/json').send('{"message":"page not found"}');
  });
}

/** For fastify's frameworkErrors: what it refuses before any route. */
export const frameworkErrors = answer as never;

/** For fastify's clientErrorHandler: answers what is no HTTP at all, or a head beyond the limit, and hangs up. */
export function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'request headers are too large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request took too long to arrive']
        : ['400 Bad Request', 'malformed HTTP request'];
  const body = `${JSON.stringify({ message })}\n`;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** JSON that cannot be read, in Docker's words. */
export const invalidJson = (detail: string): EngineError => invalid(`invalid JSON: ${detail}`);
