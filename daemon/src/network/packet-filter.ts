/** A bridge network as packets see it. */
export interface FilteredNetwork {
  readonly id: string;
  /** The interface of the bridge. */
  readonly bridge: string;
  /** In CIDR notation, of both families. */
  readonly subnets: readonly string[];
  /** Nothing goes in or out. */
  readonly internal: boolean;
  /** Whether its containers reach each other; where not, the ports of the bridge are isolated as well. */
  readonly icc: boolean;
  /** Whether what goes out bears the host's address. */
  readonly masquerade: boolean;
  readonly gatewayMode: 'nat' | 'nat-unprotected' | 'routed' | 'isolated';
}

/** A running container in one of them; addresses without prefix, undefined where there is none. */
export interface FilteredEndpoint {
  readonly containerId: string;
  readonly name: string;
  readonly networkId: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** What keeps networks apart. Every call may be repeated. */
export interface PacketFilter {
  /** The rules for a network, whose bridge is there. */
  ensureNetwork(network: FilteredNetwork): Promise<void>;
  removeNetwork(network: Pick<FilteredNetwork, 'id'>): Promise<void>;
}

/** No rules at all. */
export const NO_FILTER: PacketFilter = {
  ensureNetwork: async () => {},
  removeNetwork: async () => {},
};
