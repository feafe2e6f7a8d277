import { conflict, forbidden } from '@tinydocker/shared/errors.js';
import { parseAddress, parseCidr } from './address.js';
import { AddressPool } from './pool.js';

/** The parts of a network that addresses are taken from. */
export interface AddressedNetwork {
  readonly id: string;
  readonly ipam: {
    readonly config: readonly {
      readonly subnet: string;
      readonly ipRange: string;
      readonly gateway: string;
      readonly auxiliary: Readonly<Record<string, string>> | null;
    }[];
  };
}

/** Who has which address, in all networks. In memory: the store has the places of the containers, from which this is made. */
export class AddressBook {
  readonly #pools = new Map<string, AddressPool[]>();
  /** How many addresses of each network are somebody's. */
  readonly #used = new Map<string, number>();

  #count(networkId: string, by: 1 | -1): void {
    this.#used.set(networkId, (this.#used.get(networkId) ?? 0) + by);
  }

  /** Whether anybody has an address of it, or is just getting one. */
  isUsed(networkId: string): boolean {
    return (this.#used.get(networkId) ?? 0) > 0;
  }

  #poolsOf(network: AddressedNetwork): AddressPool[] {
    const known = this.#pools.get(network.id);
    if (known) return known;
    const pools = network.ipam.config.map(({ subnet, ipRange, gateway, auxiliary }) => {
      const { subnet: whole } = parseCidr(subnet)!;
      const reserved = [...(gateway ? [gateway] : []), ...Object.values(auxiliary ?? {})].map(parseAddress);
      return new AddressPool(whole, ipRange ? parseCidr(ipRange)!.subnet : whole, reserved);
    });
    this.#pools.set(network.id, pools);
    return pools;
  }

  /**
   * An address of a family: the one that is asked for, or the preferred one, or any.
   * @throws EngineError forbidden (somebody has it), conflict (there is none left)
   */
  take(
    network: AddressedNetwork,
    family: 4 | 6,
    wanted: { asked?: string | undefined; preferred?: string | undefined },
  ): string {
    const pools = this.#poolsOf(network).filter(({ subnet }) => subnet.family === family);
    const { asked, preferred } = wanted;
    if (asked) {
      const pool = pools.find((each) => each.includes(asked));
      if (!pool) throw forbidden(`requested address ${asked} is not in a subnet of the network`);
      const address = pool.hold(asked);
      this.#count(network.id, 1);
      return address;
    }
    const first = pools.find((pool) => preferred && pool.includes(preferred)) ?? pools[0];
    if (!first) throw conflict(`no available IPv${family} addresses on this network`);
    const address = first.allocate(preferred);
    this.#count(network.id, 1);
    return address;
  }

  /** Takes note of what a container has that runs. */
  hold(network: AddressedNetwork, address: string): void {
    const pool = this.#poolsOf(network).find((each) => each.includes(address));
    if (!pool || pool.isHeld(address)) return;
    pool.hold(address);
    this.#count(network.id, 1);
  }

  /** Gives an address back; `keep`: for the time being nobody else gets it. */
  release(network: AddressedNetwork, address: string, keep: boolean): void {
    const pool = this.#poolsOf(network).find((each) => each.includes(address));
    if (pool?.isHeld(address)) this.#count(network.id, -1);
    pool?.release(address, keep);
  }

  /** Whoever had it last does not come back for it. */
  unkeep(network: AddressedNetwork, address: string): void {
    this.#poolsOf(network)
      .find((each) => each.includes(address))
      ?.unkeep(address);
  }

  /** The prefix that an address has in its network. */
  prefixOf(network: AddressedNetwork, address: string): number {
    return this.#poolsOf(network).find((each) => each.includes(address))?.subnet.prefix ?? 0;
  }

  forget(networkId: string): void {
    this.#pools.delete(networkId);
    this.#used.delete(networkId);
  }
}
