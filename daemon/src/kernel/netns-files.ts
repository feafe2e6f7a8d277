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

/** What has gone through an interface since it was made. */
export interface InterfaceCounters {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

/** The counters of all interfaces by their names; none where the process is gone. */
export function interfaceCounters(pid: number | 'self'): Map<string, InterfaceCounters> {
  const counters = new Map<string, InterfaceCounters>();
  // Two lines of headings; then `eth0:` and eight numbers for what came (bytes packets errs drop fifo frame compressed
  // multicast), and eight for what went, which begin alike: proc_pid_net(5).
  for (const line of read(pid, 'dev').split('\n').slice(2)) {
    const [name, ...numbers] = line.trim().split(/\s+/);
    if (!name?.endsWith(':')) continue;
    const at = (n: number) => Number(numbers[n]);
    counters.set(name.slice(0, -1), {
      ...{ rx_bytes: at(0), rx_packets: at(1), rx_errors: at(2), rx_dropped: at(3) },
      ...{ tx_bytes: at(8), tx_packets: at(9), tx_errors: at(10), tx_dropped: at(11) },
    });
  }
  return counters;
}
