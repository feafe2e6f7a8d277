import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6, Socket } from 'node:net';
import { connectBeside } from '../../kernel/name-sockets.js';
import { closeFd, writeAll } from '../../kernel/socket.js';
import { Framed, frame } from './framed.js';
import { isAnswerTo } from './matching.js';
import type { Query } from './query.js';

/** One question to one server. `done` is called at most once, with its answer (under the client's id), or without: it failed. */
export type Attempt = (query: Query, server: NameServerAddress, beside: number | undefined, done: Done) => Cancel;
export interface NameServerAddress {
  readonly address: string;
  readonly port: number;
}
type Done = (answer: Buffer | undefined) => void;
/** After it `done` is not called any more, and nothing of the attempt is left. */
export type Cancel = () => void;

/** Who sends as many wrong answers guesses: the question is given up before a guess is right. */
const WRONG_ANSWERS_MAX = 8;

/** The question under an id of its own: what the client has chosen is not to be known to whoever can make it ask. */
function withNewId(query: Query): { id: number; message: Buffer } {
  const id = randomInt(0x10000);
  const message = Buffer.from(query.message);
  message.writeUInt16BE(id, 0);
  return { id, message };
}

function withClientsId(query: Query, answer: Buffer): Buffer {
  const copy = Buffer.from(answer);
  query.message.copy(copy, 0, 0, 2);
  return copy;
}

/** Opens a socket and lets `use` have it; where that fails, so has the attempt. */
function withSocket(open: () => number, done: Done, use: (fd: number) => Cancel): Cancel {
  let fd: number;
  try {
    fd = open();
  } catch {
    const soon = setImmediate(() => done(undefined));
    return () => clearImmediate(soon);
  }
  return use(fd);
}

export const askByUdp: Attempt = (query, server, beside, done) =>
  withSocket(
    () => connectBeside('datagram', server.address, server.port, beside),
    done,
    (fd) => {
      const { id, message } = withNewId(query);
      const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
      let wrong = 0;
      let open = true;
      const end = () => {
        if (open) socket.close();
        open = false;
      };
      const finish = (answer: Buffer | undefined) => {
        if (!open) return;
        end();
        done(answer);
      };
      socket.on('message', (answer) => {
        if (isAnswerTo(query, id, answer)) finish(withClientsId(query, answer));
        else if (++wrong >= WRONG_ANSWERS_MAX) finish(undefined);
      });
      // Nobody listens there, or there is no way.
      socket.on('error', () => finish(undefined));
      socket.bind({ fd, exclusive: true }, () => {
        if (!open) return;
        try {
          writeAll(fd, message);
        } catch {
          finish(undefined);
        }
      });
      return end;
    },
  );

export const askByTcp: Attempt = (query, server, beside, done) =>
  withSocket(
    () => connectBeside('stream', server.address, server.port, beside),
    done,
    (fd) => {
      const { id, message } = withNewId(query);
      let socket: Socket;
      try {
        socket = new Socket({ fd, readable: true, writable: true });
      } catch {
        closeFd(fd);
        const soon = setImmediate(() => done(undefined));
        return () => clearImmediate(soon);
      }
      const end = () => void socket.destroy();
      const finish = (answer: Buffer | undefined) => {
        if (socket.destroyed) return;
        end();
        done(answer);
      };
      const framed = new Framed((answer) =>
        finish(isAnswerTo(query, id, answer) ? withClientsId(query, answer) : undefined),
      );
      socket.on('data', (chunk) => framed.take(chunk));
      socket.on('end', () => finish(undefined));
      socket.on('error', () => {});
      // An error has destroyed it by now.
      socket.on('close', (failed) => failed && done(undefined));
      socket.write(frame(message));
      return end;
    },
  );
