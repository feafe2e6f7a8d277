import { statSync } from 'node:fs';

/** The daemon's own words about a request that it refuses. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** There is no working connection to a daemon of ours. The message says what to do. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** The socket that was tried, as host.ts chooses it. */
interface Tried {
  url: string;
  path: string;
}

const isSocket = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isSocket() ?? true;

/** A connection that was refused, as a sentence that says what to do. `code` is the errno. */
export function unreachable(host: Tried, code: string | undefined, detail: string): ConnectionError {
  if (code === 'ECONNREFUSED' && !isSocket(host.path)) {
    return new ConnectionError(`${host.path} is not a socket: name the daemon's socket with -H or TINYDOCKER_HOST`);
  }
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new ConnectionError(
        `Cannot connect to the tinydocker daemon at ${host.url}: start it with 'sudo systemctl start tinydocker' or 'sudo tinydockerd', or name another socket with -H`,
      );
    case 'EACCES':
    case 'EPERM':
      return new ConnectionError(
        `permission denied while trying to connect to the tinydocker daemon at ${host.url}: join its group with 'sudo usermod -aG tinydocker $USER' and log in again, or use sudo`,
      );
    default:
      return new ConnectionError(`cannot speak to the tinydocker daemon at ${host.url}: ${detail}`);
  }
}

/** Who answers is no Docker-compatible engine. */
export const notAnEngine = (host: Tried, detail: string): ConnectionError =>
  new ConnectionError(
    `the server at ${host.url} is not a tinydocker daemon (${detail}): name the daemon's socket with -H or TINYDOCKER_HOST`,
  );

/** The connection broke while an answer was on its way. */
export const connectionLost = (host: Tried): ConnectionError =>
  new ConnectionError(
    `lost the connection to the tinydocker daemon at ${host.url}: containers go on without it, look again with 'tdctl ps -a' when it is back`,
  );
