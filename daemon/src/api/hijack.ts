import type { Socket } from 'node:net';
import { unavailable } from '@tinydocker/shared/errors.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { closeFd, dup, writeAll } from '../kernel/socket.js';
import type { TakenConnection } from '../runtime/connection.js';
import { stopReading } from './body-reader.js';
import { upgradedRequest } from './upgrade.js';
import { ENGINE_HEADERS, speaks } from './version.js';

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

/** The socket's descriptor, which Node shows to nobody. */
export function descriptorOf(socket: Socket): number {
  const fd = (socket as Socket & { _handle?: { fd?: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0) throw unavailable('the client has closed its connection');
  return fd;
}

/**
 * Takes a connection away from HTTP: nothing answers the request any more but the returned connection. To be called last,
 * when all that can go wrong with an ordinary error has gone well, and only from the routes that upgrade.ts knows.
 */
export function takeOver(request: FastifyRequest, reply: FastifyReply): TakenConnection {
  const upgraded = upgradedRequest(request.raw);
  if (!upgraded) throw unavailable('this connection cannot be taken over');
  const { socket, body, response, asked } = upgraded;
  stopReading(socket);
  const early = body.detach();
  const buffered = socket.read() as Buffer | null;
  // A copy of the descriptor stays ours when Node closes its own: closing one does not end the connection.
  const fd = dup(descriptorOf(socket));
  reply.hijack();
  response.detachSocket(socket);
  socket.removeAllListeners();
  socket.destroy();
  let open = true;
  return {
    fd,
    early: buffered ? Buffer.concat([early, buffered]) : early,
    accept: (multiplexed) => writeAll(fd, head(request, asked, multiplexed)),
    write: (data) => writeAll(fd, data),
    close() {
      if (open) closeFd(fd);
      open = false;
    },
  };
}

/**
 * The answer that turns the connection over. The kind of stream is named since 1.42, and, as dockerd has it, to those only
 * who asked for the upgrade.
 */
function head(request: FastifyRequest, asked: boolean, multiplexed: boolean): Buffer {
  const type = multiplexed && asked && speaks(request, '1.42') ? MULTIPLEXED : RAW;
  const lines = asked
    ? ['HTTP/1.1 101 UPGRADED', `Content-Type: ${type}`, 'Connection: Upgrade', 'Upgrade: tcp']
    : ['HTTP/1.1 200 OK', `Content-Type: ${type}`];
  for (const [name, value] of Object.entries(ENGINE_HEADERS)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}
