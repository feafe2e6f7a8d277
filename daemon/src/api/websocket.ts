import net, { type Socket } from 'node:net';
import { FrameDecoder } from '@tinydocker/shared/stdcopy.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { closeFd, socketPair } from '../kernel/socket.js';
import type { TakenConnection } from '../runtime/connection.js';
import { startReading } from './body-reader.js';
import { upgradedRequest } from './upgrade.js';
import { ENGINE_HEADERS, speaks } from './version.js';
import {
  acceptKey,
  BINARY,
  encodeClose,
  encodeWebSocketFrame,
  INTERNAL_ERROR,
  isKey,
  NORMAL,
  PONG,
  TEXT,
  type WebSocketError,
  WebSocketReader,
} from './websocket-frames.js';

/*
 * A WebSocket client as the shim sees any other: at the end of a socket. What the shim cannot do, the frames of RFC 6455, is done
 * here in between; of the streams of a container, only these go through the daemon, and end with it.
 *
 *   client ◄── frames ──► this ◄── socket pair: raw bytes in, stdcopy or raw bytes out ──► shim
 */

/** ms that a client has to answer the end before its connection is closed. */
const CLOSE_TIMEOUT = 2000;

/** Why a request is no handshake (RFC 6455, 4.2.1); undefined where it is one. */
export function handshakeProblem(request: FastifyRequest): string | undefined {
  const { headers, raw } = request;
  if (headers.upgrade?.toLowerCase() !== 'websocket' || !upgradedRequest(raw)) return 'not websocket protocol';
  if (headers['sec-websocket-version'] !== '13') return 'missing or bad WebSocket Version';
  if (!isKey(headers['sec-websocket-key'])) return 'mismatch challenge/response';
  return undefined;
}

function answer(key: string): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  lines.push(`Sec-WebSocket-Accept: ${acceptKey(key)}`);
  for (const [name, value] of Object.entries(ENGINE_HEADERS)) lines.push(`${name}: ${value}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Reads from one only as fast as the other takes it. */
function forward(to: Socket, from: Socket, data: Buffer): void {
  if (to.destroyed || to.writableEnded) return;
  if (to.write(data)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

/** Says that it is over. Closed at once, with input unread, the connection would lose these last words. */
function endClient(client: Socket, code: number, reason?: string): void {
  if (client.writable) client.end(encodeClose(code, reason));
  setTimeout(() => client.destroy(), CLOSE_TIMEOUT).unref();
}

/** What comes from the client: to the shim as it is. The end of the frames is the end of the input. */
function readClient(client: Socket, shim: Socket): (data: Buffer) => void {
  const reader = new WebSocketReader({
    data: (piece) => forward(shim, client, piece),
    ping: (data) => client.write(encodeWebSocketFrame(PONG, data)),
    close: (code) => {
      // Both have said it: the connection is the server's to close.
      if (client.writable) client.write(encodeClose(code ?? NORMAL));
      client.destroySoon();
      shim.destroySoon();
    },
  });
  return (data) => {
    try {
      reader.write(data);
    } catch (error) {
      const { code = INTERNAL_ERROR, message } = error as WebSocketError;
      endClient(client, code, message);
      shim.destroySoon();
    }
  };
}

/** What comes from the shim: to the client as messages, both streams alike. */
function writeClient(client: Socket, shim: Socket, opcode: number, multiplexed: boolean): (data: Buffer) => void {
  const send = (data: Buffer) => forward(client, shim, encodeWebSocketFrame(opcode, data));
  if (!multiplexed) return send;
  const decoder = new FrameDecoder((_stream, data) => send(data));
  return (data) => {
    try {
      decoder.write(data);
    } catch {
      shim.destroy();
    }
  };
}

/**
 * Takes a connection away from HTTP as takeOver() does, for a request that is a handshake. What the returned connection names is our
 * end of the socket pair; `open` holds the client's as long as there is one.
 */
export function takeWebSocket(request: FastifyRequest, reply: FastifyReply, open: Set<Socket>): TakenConnection {
  const { socket: client, body, response } = upgradedRequest(request.raw)!;
  const early = body.detach();
  reply.hijack();
  response.detachSocket(client);
  client.removeAllListeners();
  const [ours, theirs] = socketPair();
  const shim = new net.Socket({ fd: ours, readable: true, writable: true, allowHalfOpen: true });
  let isOpen = true;
  open.add(client);
  client.on('error', () => {});
  shim.on('error', () => {});
  client.on('close', () => {
    open.delete(client);
    // Half a close first: what was sent before is still input.
    shim.destroySoon();
  });
  if (client.destroyed) shim.destroy();
  return {
    fd: theirs,
    early: Buffer.alloc(0),
    accept(multiplexed) {
      const opcode = speaks(request, '1.28') ? BINARY : TEXT;
      client.write(answer(String(request.headers['sec-websocket-key'])));
      const fromClient = readClient(client, shim);
      client.on('data', fromClient);
      // Without a frame that closes: it has gone.
      client.on('end', () => {
        client.destroySoon();
        shim.destroySoon();
      });
      shim.on('data', writeClient(client, shim, opcode, multiplexed));
      shim.on('end', () => {
        endClient(client, NORMAL);
        shim.end();
      });
      if (early.length > 0) fromClient(early);
      startReading(client);
    },
    write: (data) => void client.write(encodeWebSocketFrame(TEXT, data)),
    close() {
      if (isOpen) closeFd(theirs);
      isOpen = false;
    },
  };
}
