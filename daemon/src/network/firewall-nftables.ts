import { SystemError, unavailable } from '@tinydocker/shared/errors.js';
import { Netfilter } from '../kernel/netfilter.js';
import type { Family } from '../kernel/nft-expression.js';
import { batchOf, forgetConnections, getElement, getTable, type Message, type Table } from '../kernel/nft-message.js';
import type { FirewallBackend, Intruder } from './firewall-backend.js';
import type { FirewallNetwork, FirewallPlan, Mapping } from './firewall-plan.js';
import { addressBytes, familyOf, isWildcard } from './ip-bytes.js';
import {
  addMappings,
  addNetwork,
  deleteMappings,
  deleteNetwork,
  mappingElement,
  PROTOCOL_NUMBER,
  removeTable,
  replaceTable,
} from './ruleset.js';

/** What a kernel says that lacks a family of nf_tables, or a kind of rule. */
const LACKING = ['EAFNOSUPPORT', 'EOPNOTSUPP', 'EPROTONOSUPPORT', 'EINVAL', 'ENOENT'];

/** Rules in tables of our own, by netlink: each change is one message or a batch that is atomic. */
export class NftablesBackend implements FirewallBackend {
  readonly name = 'nftables';
  readonly #instance: string;
  readonly #families: readonly Family[];
  readonly #netfilter: Netfilter;

  /** @throws EngineError unavailable where the kernel has no nf_tables */
  constructor(instance: string, families: readonly Family[]) {
    this.#instance = instance;
    this.#families = families;
    try {
      this.#netfilter = new Netfilter();
    } catch (error) {
      throw missing(error);
    }
  }

  async replace(plan: FirewallPlan): Promise<void> {
    try {
      this.#batch(this.#families.flatMap((family) => replaceTable(family, plan)));
    } catch (error) {
      throw error instanceof SystemError && LACKING.includes(error.code) ? missing(error) : error;
    }
  }

  async addNetwork(network: FirewallNetwork): Promise<void> {
    this.#batch(this.#tables().flatMap((table) => addNetwork(table, network)));
  }

  async removeNetwork(network: FirewallNetwork): Promise<void> {
    this.#batch(this.#tables().flatMap((table) => deleteNetwork(table, network)));
  }

  async addMappings(mappings: readonly Mapping[]): Promise<void> {
    this.#batch(this.#perFamily(mappings, addMappings));
    this.#forget(mappings.filter(({ protocol }) => protocol === 'udp'));
  }

  async removeMappings(mappings: readonly Mapping[], cut: boolean): Promise<void> {
    this.#batch(this.#perFamily(mappings, deleteMappings));
    this.#forget(cut ? mappings : mappings.filter(({ protocol }) => protocol === 'udp'));
  }

  async clear(): Promise<void> {
    this.#batch(this.#tables().flatMap(removeTable));
  }

  async intact(): Promise<boolean> {
    try {
      for (const table of this.#tables()) this.#netfilter.send([getTable(table)]);
      return true;
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  async has(mapping: Mapping): Promise<boolean> {
    const { map, element } = mappingElement(mapping);
    const table: Table = { family: familyOf(mapping.hostIp), name: this.#instance };
    try {
      this.#netfilter.send([getElement(table, map, element)]);
      return true;
    } catch {
      return false;
    }
  }

  watch(changed: (by: Intruder) => void): () => void {
    return this.#netfilter.watch([this.#instance], changed);
  }

  close(): void {
    this.#netfilter.close();
  }

  #tables(): Table[] {
    return this.#families.map((family) => ({ family, name: this.#instance }));
  }

  #perFamily(mappings: readonly Mapping[], make: (table: Table, some: readonly Mapping[]) => Message[]): Message[] {
    return this.#tables().flatMap((table) =>
      make(
        table,
        mappings.filter(({ hostIp }) => familyOf(hostIp) === table.family),
      ),
    );
  }

  #batch(messages: readonly Message[]): void {
    if (messages.length > 0) this.#netfilter.send(batchOf(messages));
  }

  /** Flows that are known go on to where they went: a flow of UDP has no end, and a port may lead elsewhere from now on. */
  #forget(mappings: readonly Mapping[]): void {
    for (const { protocol, hostIp, hostPort } of mappings) {
      const address = isWildcard(hostIp) ? undefined : addressBytes(hostIp);
      try {
        this.#netfilter.send([forgetConnections(familyOf(hostIp), PROTOCOL_NUMBER[protocol], hostPort, address)]);
      } catch {
        // There were none, or this kernel cannot look for them by port: then they end by themselves.
      }
    }
  }
}

const missing = (cause: unknown) =>
  unavailable(
    `this kernel lacks what the nftables firewall needs (${(cause as Error).message}): load nf_tables, nft_nat, nft_masq, nft_fib, nft_ct, or choose --firewall-backend iptables`,
    { cause },
  );
