import { readFileSync } from 'node:fs';

/*
 * What the kernel tells of the network namespace that a process lives in: the files of /proc/PID/net. The kernel itself writes them,
 * so that nothing in a container can make a reader of them wait.
 */

export interface Listener {
  /** As ss(8) writes it; 0.0.0.0 or :: for all. */
  address: string;
  port: number;
}

const LISTEN = '0A';
/** Of UDP: a socket that is connected to nobody. */
const UNCONNECTED = '07';

const read = (pid: number | 'self', file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/net/${file}`, 'latin1');
  } catch {
    return '';
  }
};

/** An address as /proc/net/tcp has it: words of four bytes, each in the machine's order. */
function addressOf(hex: string): string {
  const bytes = Buffer.concat((hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex').reverse()));
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return groups
    .join(':')
    .replace(/\b0(:0)+\b/, ':')
    .replace(/:{3,}/, '::')
    .replace(/^:(?=[^:])/, '::');
}

/** Who listens for packets of a protocol. */
export function listeners(pid: number, protocol: 'tcp' | 'udp'): Listener[] {
  const state = protocol === 'tcp' ? LISTEN : UNCONNECTED;
  return ['', '6'].flatMap((suffix) =>
    read(pid, `${protocol}${suffix}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , has]) => local && has === state)
      .map(([, local = '']) => {
        const [address = '', port = ''] = local.split(':');
        return { address: addressOf(address), port: Number.parseInt(port, 16) };
      }),
  );
}

/** The addresses of all interfaces together. */
export function localAddresses(pid: number | 'self'): Set<string> {
  const found = new Set<string>();
  // fib_trie(5): each "/32 host LOCAL" stands below the address it is about.
  let last = '';
  for (const line of read(pid, 'fib_trie').split('\n')) {
    const [, address] = /\|-- (\d+\.\d+\.\d+\.\d+)/.exec(line) ?? [];
    if (address) last = address;
    else if (/\/32 host LOCAL/.test(line)) found.add(last);
  }
  for (const line of read(pid, 'if_inet6').split('\n')) {
    const [hex = ''] = line.split(' ');
    if (hex.length === 32) found.add(hex.toLowerCase());
  }
  return found;
}

export interface InterfaceCounters {
  received: number;
  sent: number;
  dropped: number;
}

/** Packets of an interface; undefined where there is none by that name. */
export function interfaceCounters(pid: number | 'self', name: string): InterfaceCounters | undefined {
  const line = read(pid, 'dev')
    .split('\n')
    .find((text) => text.trim().startsWith(`${name}:`));
  if (line === undefined) return undefined;
  const numbers = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  return { received: numbers[1] ?? 0, sent: numbers[9] ?? 0, dropped: (numbers[3] ?? 0) + (numbers[11] ?? 0) };
}
