import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BodyReader } from './body-reader.js';

/*
 * Requests whose connection may be taken over: attach and exec. Node stops parsing at a request with `Upgrade` and gives
 * away the socket with the bytes behind the head. These are the request's body, read here by hand, and behind it what the
 * client already sends to standard input. The request then goes through the ordinary routes, with a response of its own, and
 * the route decides to take the connection (hijack.ts) or to answer.
 *
 *   Node's parser ── head ──► 'upgrade' ──► body by hand ──► app.routing(request, response) ──► takeOver | ordinary answer
 *
 * Older clients send no Upgrade. For the two paths that may be taken it is added here, before Node decides, since otherwise
 * Node would take early standard input for the next request.
 */

/** The paths whose connections may be taken over. */
const TAKEN = /^(?:\/v[0-9.]+)?\/(?:containers\/[^/?]+\/attach|exec\/[^/?]+\/start)(?:\?|$)/;

/** What hijack.ts needs to know of such a request. */
export interface Upgraded {
  socket: Socket;
  body: BodyReader;
  response: ServerResponse;
  /** Whether the client asked for it, and is answered 101. */
  asked: boolean;
}

const upgraded = new WeakMap<IncomingMessage, Upgraded>();

export const upgradedRequest = (raw: IncomingMessage): Upgraded | undefined => upgraded.get(raw);

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Node's HTTP parser, as far as it is needed here: called with every head that it has read. */
interface Parser {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => unknown) | null;
}

const addedByUs = new WeakSet<IncomingMessage>();

/** Makes the parser of a connection treat the older form like the newer. */
function watchParser(socket: Socket): void {
  const parser = (socket as Socket & { parser?: Parser | null }).parser;
  const incoming = parser?.onIncoming;
  if (!parser || !incoming) return;
  parser.onIncoming = (request, keepAlive) => {
    const raw = request as IncomingMessage & { upgrade?: boolean };
    if (raw.method === 'POST' && !raw.upgrade && TAKEN.test(raw.url ?? '')) {
      raw.upgrade = true;
      addedByUs.add(raw);
    }
    return incoming(request, keepAlive);
  };
}

/** A request like the one that Node gave up at, with a body that can still be fed. */
function continueRequest(first: IncomingMessage, socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.method = first.method;
  request.url = first.url;
  request.httpVersion = first.httpVersion;
  request.httpVersionMajor = first.httpVersionMajor;
  request.httpVersionMinor = first.httpVersionMinor;
  request.rawHeaders = first.rawHeaders;
  request.headers = first.headers;
  return request;
}

/** Sends requests with Upgrade through `routing`, like all others. */
export function installUpgrade(server: Server, routing: Listener): void {
  server.on('connection', watchParser);
  server.on('upgrade', (first: IncomingMessage, stream, head: Buffer) => {
    const socket = stream as Socket;
    const request = continueRequest(first, socket);
    const response = new ServerResponse(request);
    // What follows cannot be told from the body by Node any more: the connection ends with the answer.
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.destroySoon());
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    const body = new BodyReader(request, socket, () => {
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end('{"message":"malformed chunked encoding of the request body"}');
    });
    upgraded.set(request, { socket, body, response, asked: !addedByUs.has(first) });
    body.start(head);
    routing(request, response);
  });
}
