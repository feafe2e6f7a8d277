import { forbidden } from '@tinydocker/shared/errors.js';
import { bitsOf, formatSubnet, overlaps, parseCidr, type Subnet, sizeOf } from './address.js';

/** A range that networks without a subnet of their own are cut from, in pieces of one size. */
export interface SubnetPool {
  readonly base: Subnet;
  /** Prefix of a piece. */
  readonly size: number;
}

const pool = (base: string, size: number): SubnetPool => ({ base: parseCidr(base)!.subnet, size });

/** Those of Docker, in smaller pieces: some 4,000 networks, where dockerd's end after 31. */
export const DEFAULT_POOLS: readonly SubnetPool[] = [
  pool('172.18.0.0/15', 24),
  pool('172.20.0.0/14', 24),
  pool('172.24.0.0/14', 24),
  pool('172.28.0.0/14', 24),
  pool('192.168.0.0/16', 24),
];

/** For the default network, which everything goes to that names no other: it needs more room. */
export const DEFAULT_BRIDGE_POOLS: readonly SubnetPool[] = [
  pool('172.17.0.0/16', 16),
  pool('172.18.0.0/15', 16),
  pool('172.20.0.0/14', 16),
  pool('172.24.0.0/14', 16),
  pool('172.28.0.0/14', 16),
  pool('192.168.0.0/16', 20),
];

/** What somebody has: who, for the message, and what. */
export interface TakenSubnet {
  readonly by: string;
  readonly subnet: Subnet;
}

/** The first of `taken` that overlaps. */
export const overlapping = (taken: readonly TakenSubnet[], subnet: Subnet): TakenSubnet | undefined =>
  taken.find((other) => overlaps(other.subnet, subnet));

/**
 * The first free piece of the pools.
 * @throws EngineError forbidden: there is none
 */
export function chooseSubnet(pools: readonly SubnetPool[], family: 4 | 6, taken: readonly TakenSubnet[]): Subnet {
  const others = taken
    .map(({ subnet }) => subnet)
    .filter((subnet) => subnet.family === family)
    .sort((a, b) => (a.base < b.base ? -1 : 1));
  for (const { base, size } of pools) {
    if (base.family !== family) continue;
    const step = 1n << BigInt(bitsOf(family) - size);
    let at = base.base;
    // In order: what begins behind the piece is in nobody's way, nor is all that follows it.
    for (const other of others) {
      if (other.base >= at + step) break;
      const behind = other.base + sizeOf(other);
      if (behind > at) at = base.base + ((behind - base.base + step - 1n) / step) * step;
    }
    if (at < base.base + sizeOf(base)) return { family, base: at, prefix: size };
  }
  throw forbidden('all predefined address pools have been fully subnetted');
}

/** A unique local /64 (RFC 4193) that is this engine's and this network's: the same for the same seed. */
export function uniqueLocalPools(seed: Buffer): SubnetPool[] {
  const base = (0xfdn << 120n) | (BigInt(`0x${seed.toString('hex', 0, 5)}`) << 80n);
  return [{ base: { family: 6, base, prefix: 48 }, size: 64 }];
}

export const describeTaken = (subnet: Subnet, other: TakenSubnet): string =>
  `${formatSubnet(subnet)} overlaps with ${formatSubnet(other.subnet)} of ${other.by}`;
