import { isIPv4, isIPv6 } from 'node:net';

/** The bytes of an address: four or sixteen. @throws RangeError where it is none */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) throw new RangeError(`${address} is no IP address`);
  // The last four bytes may be written as those of an IPv4 address.
  const [, start = address, tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const last = tail === undefined ? '' : hexPair(tail);
  const [before = '', after] = `${start}${last}`.split('::');
  const words = (text: string) => text.split(':').filter((word) => word !== '');
  const head = words(before);
  const rest = after === undefined ? [] : words(after);
  const all = [...head, ...Array<string>(8 - head.length - rest.length).fill('0'), ...rest];
  const bytes = Buffer.alloc(16);
  for (const [index, word] of all.entries()) bytes.writeUInt16BE(Number.parseInt(word, 16), index * 2);
  return bytes;
}

const hexPair = (ipv4: string): string => {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
};

export interface Net {
  first: Buffer;
  last: Buffer;
  mask: Buffer;
}

/** First and last address of `10.1.0.0/16`, and its mask. */
export function netBytes(cidr: string): Net {
  const [address = '', prefix = ''] = cidr.split('/');
  const bytes = addressBytes(address);
  const mask = Buffer.alloc(bytes.length);
  for (let bit = 0; bit < Number(prefix); bit++) mask[bit >> 3]! |= 0x80 >> (bit & 7);
  const first = Buffer.from(bytes.map((byte, i) => byte & mask[i]!));
  const last = Buffer.from(bytes.map((byte, i) => (byte & mask[i]!) | (~mask[i]! & 0xff)));
  return { first, last, mask };
}

/** The address behind `bytes`; undefined behind the last there is. */
export function nextAddress(bytes: Buffer): Buffer | undefined {
  const next = Buffer.from(bytes);
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 0xff;
    if (next[i] !== 0) return next;
  }
  return undefined;
}

export const familyOf = (address: string): 'ip' | 'ip6' => (address.includes(':') ? 'ip6' : 'ip');

/** Whether it stands for every address of its family. */
export const isWildcard = (address: string): boolean =>
  address === '0.0.0.0' || (address.includes(':') && addressBytes(address).every((byte) => byte === 0));

/** 127.0.0.0/8 and ::1. */
export const isLoopback = (address: string): boolean =>
  address.includes(':') ? /^(0*:)*:?0*1$/.test(address) : address.startsWith('127.');
