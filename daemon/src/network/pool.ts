import { conflict, forbidden } from '@tinydocker/shared/errors.js';
import { contains, formatAddress, parseAddress, type Subnet, sizeOf } from './address.js';

/** One bit an address: as many of a large subnet are given out as a machine can ever have containers. */
const MOST = 1 << 20;

class Bits {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  has(i: number): boolean {
    return ((this.#words[i >>> 5]! >>> (i & 31)) & 1) === 1;
  }
  set(i: number, on: boolean): void {
    if (on) this.#words[i >>> 5]! |= 1 << (i & 31);
    else this.#words[i >>> 5]! &= ~(1 << (i & 31));
  }
  /** Whether the word that `i` begins has no room, so that it can be passed over. */
  fullWord(i: number): boolean {
    return (i & 31) === 0 && this.#words[i >>> 5] === 0xffffffff;
  }
}

/**
 * The addresses of a subnet that are given out. One that a container had last is kept for it as long as there are others: it
 * comes back with its old one. The next address is the one behind the last: what has just become free is not another's at once,
 * while neighbours still know whose it was.
 */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #first: bigint;
  readonly #size: number;
  /** Had by somebody now. */
  readonly #held: Bits;
  /** Had by somebody who may come back. */
  readonly #kept: Bits;
  /** Outside of the range that is given out, but asked for by name. */
  readonly #outside = new Set<bigint>();
  #next = 0;

  /**
   * @param range the part of the subnet that is given out
   * @param reserved never given out: the gateway, auxiliary addresses
   */
  constructor(subnet: Subnet, range: Subnet = subnet, reserved: readonly bigint[] = []) {
    this.subnet = subnet;
    this.#first = range.base;
    this.#size = Number(sizeOf(range) > BigInt(MOST) ? BigInt(MOST) : sizeOf(range));
    this.#held = new Bits(this.#size);
    this.#kept = new Bits(this.#size);
    // The subnet's own address and that for everybody, where there is more than a pair of addresses (RFC 3021).
    const edges = sizeOf(subnet) > 2n ? [subnet.base] : [];
    if (subnet.family === 4 && edges.length > 0) edges.push(subnet.base + sizeOf(subnet) - 1n);
    for (const address of [...edges, ...reserved]) this.#mark(this.#held, address, true);
  }

  #at(address: bigint): number | undefined {
    const offset = address - this.#first;
    return offset >= 0n && offset < BigInt(this.#size) ? Number(offset) : undefined;
  }

  #mark(bits: Bits, address: bigint, on: boolean): void {
    const at = this.#at(address);
    if (at !== undefined) bits.set(at, on);
    else if (bits === this.#held && on) this.#outside.add(address);
    else if (bits === this.#held) this.#outside.delete(address);
  }

  isHeld(text: string): boolean {
    const address = parseAddress(text);
    const at = this.#at(address);
    return at === undefined ? this.#outside.has(address) : this.#held.has(at);
  }

  includes(text: string): boolean {
    return contains(this.subnet, this.subnet.family, parseAddress(text));
  }

  /** Takes one address. @throws EngineError forbidden: somebody has it */
  hold(text: string): string {
    if (this.isHeld(text)) throw forbidden('Address already in use');
    this.#mark(this.#held, parseAddress(text), true);
    return text;
  }

  /** Takes `preferred` where it is free, or the next that is. @throws EngineError conflict: there is none left */
  allocate(preferred?: string): string {
    if (preferred && this.includes(preferred) && !this.isHeld(preferred)) return this.hold(preferred);
    const at = this.#find(true) ?? this.#find(false);
    if (at === undefined) throw conflict(`no available IPv${this.subnet.family} addresses on this network`);
    this.#held.set(at, true);
    this.#next = (at + 1) % this.#size;
    return formatAddress(this.subnet.family, this.#first + BigInt(at));
  }

  #find(sparing: boolean): number | undefined {
    for (let i = 0; i < this.#size; i++) {
      const at = (this.#next + i) % this.#size;
      if (this.#held.fullWord(at)) i += 31;
      else if (!this.#held.has(at) && !(sparing && this.#kept.has(at))) return at;
    }
    return undefined;
  }

  /** Gives an address back; `keep`: whoever had it may come back for it. */
  release(text: string, keep: boolean): void {
    const address = parseAddress(text);
    this.#mark(this.#held, address, false);
    this.#mark(this.#kept, address, keep);
  }

  /** Nobody comes back for it. */
  unkeep(text: string): void {
    this.#mark(this.#kept, parseAddress(text), false);
  }
}
