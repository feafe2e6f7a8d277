import { checked, native } from './native.js';

/** The sockets of a container's name server: of datagrams, listening, and the raw one that answers over UDP are sent through. */
export interface NameSockets {
  readonly udp: number;
  readonly tcp: number;
  readonly raw: number;
}

/** What has come with a message on a Unix socket; undefined where those are not all. */
export function receiveNameSockets(fd: number): NameSockets | undefined {
  const fds = [-1, -1, -1];
  const count = checked(native.receiveFds(fd, fds, fds.length), 'recvmsg');
  const [udp, tcp, raw] = fds as [number, number, number];
  if (count === fds.length) return { udp, tcp, raw };
  for (const each of fds.slice(0, count)) native.close(each);
  return undefined;
}

/**
 * A socket on its way to a server, from the network namespace of `beside`, or from ours: connected, so that only this server's answers
 * come in, and from a port that nobody can guess. @throws SystemError
 */
export const connectBeside = (
  kind: 'datagram' | 'stream',
  address: string,
  port: number,
  beside: number | undefined,
): number => checked(native.connectBeside(beside ?? -1, kind === 'stream' ? 1 : 0, address, port), 'connect', address);

/** Answers a datagram as 127.0.0.11 port 53. Who cannot be reached or takes no more has to ask again. */
export function replyByRaw(raw: number, address: string, port: number, data: Buffer): void {
  native.resolverReply(raw, address, port, data, data.length);
}
