import type { FirewallNetwork, FirewallPlan, Mapping } from './firewall-plan.js';

/** Who changed the rules: its process and name, where they are known. */
export interface Intruder {
  pid: number;
  name: string;
}

/** A way to bring the plan into the kernel. */
export interface FirewallBackend {
  readonly name: 'nftables' | 'iptables' | 'none';
  /** Puts all of the plan in place of whatever there is of this instance. @throws where the kernel refuses */
  replace(plan: FirewallPlan): Promise<void>;
  addNetwork(network: FirewallNetwork): Promise<void>;
  removeNetwork(network: FirewallNetwork): Promise<void>;
  addMappings(mappings: readonly Mapping[]): Promise<void>;
  /** `cut`: connections that there are end as well. */
  removeMappings(mappings: readonly Mapping[], cut: boolean): Promise<void>;
  /** Takes away all that there is of this instance. */
  clear(): Promise<void>;
  /** Whether the rules are as they were made. */
  intact(): Promise<boolean>;
  /** Whether the kernel has this mapping. */
  has(mapping: Mapping): Promise<boolean>;
  /** Calls back when somebody else changed something that may be ours. @returns what ends it */
  watch(changed: (by: Intruder) => void): () => void;
  close(): void;
}

/** Leaves the packet filter alone (`--iptables=false`). */
export const noBackend: FirewallBackend = {
  name: 'none',
  replace: async () => {},
  addNetwork: async () => {},
  removeNetwork: async () => {},
  addMappings: async () => {},
  removeMappings: async () => {},
  clear: async () => {},
  intact: async () => true,
  has: async () => false,
  watch: () => () => {},
  close: () => {},
};
