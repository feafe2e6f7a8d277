import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { checked, native } from './native.js';

const TRANSPORT = {
  tcp: { type: 1, protocol: 6 },
  udp: { type: 2, protocol: 17 },
  sctp: { type: 1, protocol: 132 },
} as const;

export type Transport = keyof typeof TRANSPORT;

/**
 * Binds a port of the host so that nobody else gets it, and does nothing with it.
 * @returns a descriptor to be closed
 * @throws SystemError EADDRINUSE, EADDRNOTAVAIL, EPROTONOSUPPORT
 */
export function holdPort(transport: Transport, address: Buffer, port: number, reuse = false): number {
  const { type, protocol } = TRANSPORT[transport];
  return checked(native.portHold(address, address.length, type, protocol, port, reuse ? 1 : 0), 'bind');
}

export interface PortHolder {
  pid: number;
  name: string;
}

const LISTEN = '0A';

/** The address in /proc/net/tcp: words of four bytes, each in the machine's order. */
function procAddress(address: Buffer): string {
  const words = Array.from({ length: address.length / 4 }, (_, i) => Buffer.from(address.subarray(i * 4, i * 4 + 4)));
  return words.map((word) => word.reverse().toString('hex').toUpperCase()).join('');
}

const isZero = (hex: string): boolean => /^0+$/.test(hex);

/** The inodes of the sockets that keep `port` from being bound at `address`. */
function inodesOf(transport: Transport, address: Buffer, port: number): Set<string> {
  const wanted = procAddress(address);
  const inodes = new Set<string>();
  for (const suffix of ['', '6']) {
    let text: string;
    try {
      text = readFileSync(`/proc/net/${transport}${suffix}`, 'latin1');
    } catch {
      continue;
    }
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const [ip = '', hexPort = ''] = local.split(':');
      if (Number.parseInt(hexPort, 16) !== port) continue;
      if (transport === 'tcp' && state !== LISTEN) continue;
      if (ip === wanted || isZero(ip) || isZero(wanted)) inodes.add(inode);
    }
  }
  return inodes;
}

/** Who listens on a port of this network namespace, where that can be found out: ss(8) does it like this. */
export function findPortHolder(transport: Transport, address: Buffer, port: number): PortHolder | undefined {
  const inodes = inodesOf(transport, address, port);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) {
          // Its file, not what it calls itself: to Node.js 24 that is MainThread.
          const program = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
          return { pid: Number(pid), name: basename(program) };
        }
      }
    } catch {
      // it has ended meanwhile
    }
  }
  return undefined;
}
