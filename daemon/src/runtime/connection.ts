import { closeFd, socketPair } from '../kernel/socket.js';

/**
 * A client's connection taken over from HTTP: raw bytes from here on. The descriptor is handed to the shim, which
 * serves it also while no daemon runs; the daemon closes its own copy after that.
 */
export interface TakenConnection {
  /** The socket's descriptor, no longer read by Node. Valid until close(). */
  readonly fd: number;
  /** Bytes that the client sent behind its request. */
  readonly early: Buffer;
  /**
   * Sends the status line and headers: 101 UPGRADED where the client asked for an upgrade, else 200. `multiplexed`
   * chooses application/vnd.docker.multiplexed-stream over raw-stream.
   */
  accept(multiplexed: boolean): void;
  /** Sends bytes to the client (an error that only shows after accept). */
  write(data: Buffer): void;
  /** Closes the daemon's copy. The client sees its end only when no one else holds one. */
  close(): void;
}

/** A connection whose client is the daemon itself. @returns the client's end of it, which is the caller's to close, and the other */
export function ownConnection(): { client: number; connection: TakenConnection } {
  const [client, fd] = socketPair();
  const connection = { fd, early: Buffer.alloc(0), accept() {}, write() {}, close: () => closeFd(fd) };
  return { client, connection };
}
