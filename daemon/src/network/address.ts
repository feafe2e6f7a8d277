import { isIP, isIPv4 } from 'node:net';
import { invalid } from '@tinydocker/shared/errors.js';

export type Family = 4 | 6;

/** A network in the notation of CIDR: the first of its addresses, and how many bits of them are the same in all. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** How many addresses a subnet has. */
export const sizeOf = ({ family, prefix }: Subnet): bigint => 1n << BigInt(bitsOf(family) - prefix);

export const familyOf = (text: string): Family | undefined => {
  const family = isIP(text);
  return family === 0 ? undefined : (family as Family);
};

const part = (text: string, radix: number): bigint => BigInt(Number.parseInt(text, radix));

function parseIPv6(text: string): bigint {
  // An IPv4 address may take the place of the last two groups.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (words: string) => (words === '' ? [] : words.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return all.reduce((sum, group) => (sum << 16n) | part(group, 16), 0n);
}

/** The number that an address is. @throws EngineError invalid */
export function parseAddress(text: string): bigint {
  const family = familyOf(text);
  if (family === undefined || text.includes('%')) throw invalid(`invalid IP address: ${text}`);
  return family === 4 ? text.split('.').reduce((sum, byte) => (sum << 8n) | part(byte, 10), 0n) : parseIPv6(text);
}

/** The longest run of at least two zero groups, the first of several: what `::` stands for (RFC 5952). */
function longestZeros(groups: readonly number[]): { at: number; length: number } {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  return best;
}

/** The text of an address, as the kernel and Docker write it. */
export function formatAddress(family: Family, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - i * 16)) & 0xffffn));
  const text = (list: readonly number[]) => list.map((group) => group.toString(16)).join(':');
  const { at, length } = longestZeros(groups);
  return at < 0 ? text(groups) : `${text(groups.slice(0, at))}::${text(groups.slice(at + length))}`;
}

/** The same address in the one way to write it. */
export const canonical = (text: string): string => formatAddress(isIPv4(text) ? 4 : 6, parseAddress(text));

/** An address with its prefix, and the subnet that it is in; undefined where the text is neither. */
export function parseCidr(text: string): { subnet: Subnet; address: bigint } | undefined {
  const [ip = '', bits = '', ...rest] = text.split('/');
  const family = familyOf(ip);
  if (family === undefined || ip.includes('%') || rest.length > 0 || !/^\d{1,3}$/.test(bits)) return undefined;
  const prefix = Number(bits);
  if (prefix > bitsOf(family)) return undefined;
  const address = parseAddress(ip);
  const host = BigInt(bitsOf(family) - prefix);
  return { subnet: { family, prefix, base: (address >> host) << host }, address };
}

export const formatSubnet = ({ family, base, prefix }: Subnet): string => `${formatAddress(family, base)}/${prefix}`;

export const contains = (subnet: Subnet, family: Family, address: bigint): boolean =>
  subnet.family === family && address >= subnet.base && address < subnet.base + sizeOf(subnet);

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
