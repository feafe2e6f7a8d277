import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { type NameSockets, replyByRaw } from '../../kernel/name-sockets.js';
import { closeFd } from '../../kernel/socket.js';
import { Framed, frame } from './framed.js';
import { isBad, type Query, readQuery } from './query.js';
import { refuse, truncated } from './reply.js';

export type Transport = 'udp' | 'tcp';

/** The answer to a question, at once or later; undefined: there is none to be given. */
export type Answerer = (query: Query, by: Transport) => Buffer | Promise<Buffer | undefined> | undefined;

const CONNECTIONS_MAX = 64;
/** Questions of one connection that may be open; more are read when these have been answered. */
const PIPELINE_MAX = 16;
const IDLE_MS = 10_000;

/** Calls `send` with the answer to a message, whatever it is. */
function serve(message: Buffer, by: Transport, answerer: Answerer, send: (answer: Buffer | undefined) => void): void {
  const query = readQuery(message);
  if (query === undefined || isBad(query)) {
    send(query && refuse(query));
    return;
  }
  const answer = answerer(query, by);
  const fitting = (whole: Buffer | undefined) =>
    send(whole && by === 'udp' && whole.length > query.udpBytes ? truncated(query) : whole);
  if (answer instanceof Promise) answer.then(fitting, () => send(undefined));
  else fitting(answer);
}

function serveConnection(socket: Socket, answerer: Answerer): void {
  let open = 0;
  const framed = new Framed((message) => {
    open += 1;
    if (open >= PIPELINE_MAX) socket.pause();
    // The framing goes on within one chunk of bytes: it is small beside what it may ask for.
    serve(Buffer.from(message), 'tcp', answerer, (answer) => {
      open -= 1;
      if (answer) socket.write(frame(answer));
      else socket.destroy();
      if (open < PIPELINE_MAX && socket.writableLength === 0) socket.resume();
    });
  });
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('data', (chunk) => framed.take(chunk));
  // Who asks without reading is not read any further.
  socket.on('drain', () => open < PIPELINE_MAX && socket.resume());
  socket.on('error', () => {});
}

/** The name server of one container, on the sockets in its network namespace. */
export class NameServer {
  /** A socket in the container's network namespace. */
  readonly beside: number;
  readonly #udp = createSocket('udp4');
  readonly #tcp: Server;
  readonly #raw: number;
  readonly #connections = new Set<Socket>();
  #open = true;

  /** Takes ownership of the descriptors. */
  constructor({ udp, tcp, raw }: NameSockets, answerer: Answerer) {
    this.beside = raw;
    this.#raw = raw;
    this.#udp.on('message', (message, { address, port }) =>
      serve(message, 'udp', answerer, (answer) => {
        if (answer && this.#open) replyByRaw(raw, address, port, answer);
      }),
    );
    this.#udp.on('error', () => {});
    this.#udp.bind({ fd: udp, exclusive: true });
    this.#udp.unref();
    this.#tcp = createServer((socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
      serveConnection(socket, answerer);
    });
    this.#tcp.maxConnections = CONNECTIONS_MAX;
    this.#tcp.on('error', () => {});
    this.#tcp.listen({ fd: tcp, exclusive: true });
    this.#tcp.unref();
  }

  /** Lets go of all sockets: while one is left, so is the namespace. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
    closeFd(this.#raw);
  }
}
