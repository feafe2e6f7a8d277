import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Looks at a request before it is passed on; true: it has been answered. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A server before a registry, which answers some requests itself and passes on the rest: to fail as networks and strangers do. */
export class Front {
  readonly host: string;
  readonly requests: { method: string; url: string; headers: http.IncomingHttpHeaders }[] = [];
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param backend `host:port` of the registry; none: what the handler leaves alone is a 404 */
  static async start(handler: Handler, backend?: string): Promise<Front> {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const front = new Front(server);
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url = '', headers } = request;
      front.requests.push({ method, url, headers });
      if (await handler(request, response)) return;
      if (backend === undefined) return void response.writeHead(404).end('{"errors":[]}');
      const onward = http.request(`http://${backend}${url}`, { method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      request.pipe(onward);
    });
    return front;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
