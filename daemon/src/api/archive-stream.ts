import type { ServerResponse } from 'node:http';
import { unavailable } from '@tinydocker/shared/errors.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { descriptorOf } from './hijack.js';

/** What a service offers: see services/containers/archive.ts. */
interface Outgoing {
  send(): Promise<void>;
  cancel(): void;
}

interface Target {
  fd: number;
  chunked: boolean;
}

const flushed = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const { socket } = response;
    if (!socket || socket.destroyed || socket.writableLength === 0) return resolve();
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });

/**
 * Answers with an archive that td-layer writes to the connection itself, while this process does nothing but wait: Node sends the head
 * and, when all is well, the end of the chunked body. A failure, or a client that goes away, ends both sides.
 *
 *   open(fd) ── head by Node ──► send(): chunks by td-layer ──► last chunk by Node, and the next request may come
 */
export async function sendArchive<T extends Outgoing>(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (target: Target) => Promise<T>,
  headersOf: (archive: T) => Record<string, string>,
  log: Logger,
  responses: Set<ServerResponse>,
): Promise<void> {
  const response = reply.raw;
  // Behind another request whose answer is not through: the connection is not this one's yet.
  if (!response.socket) throw unavailable('an archive cannot be sent before the answers to earlier requests');
  const chunked = request.raw.httpVersion !== '1.0';
  const archive = await open({ fd: descriptorOf(response.socket), chunked });
  let sent = false;
  if (response.destroyed || !response.socket) return archive.cancel();
  reply.hijack();
  responses.add(response);
  response.on('close', () => {
    responses.delete(response);
    if (!sent) archive.cancel();
  });
  response.writeHead(200, { ...reply.getHeaders(), ...headersOf(archive) } as Record<string, string>);
  response.flushHeaders();
  await flushed(response);
  try {
    await archive.send();
    sent = true;
    response.end();
  } catch (error) {
    sent = true;
    log.debug({ err: error, url: request.url }, 'archive');
    response.destroy(); // the status is sent: an end within the body is how the client learns of it
  }
}
