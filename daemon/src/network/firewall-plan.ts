/** What the firewall is told of a network. */
export interface FirewallNetwork {
  id: string;
  /** The interface of the bridge. */
  bridge: string;
  /** In CIDR notation, of both families. */
  subnets: readonly string[];
  /** Nothing goes in or out. */
  internal: boolean;
  /** Whether its containers reach each other. */
  icc: boolean;
  /** Whether what goes out bears the host's address. */
  masquerade: boolean;
  /**
   * Who may reach the containers' own addresses from outside: nobody (`nat`, and `isolated`, whose bridge has no address), or whoever has
   * a route (`routed`, `nat-unprotected`).
   */
  gatewayMode?: 'nat' | 'nat-unprotected' | 'routed' | 'isolated';
}

/** Whether only the network itself reaches its containers by their own addresses. */
export const isGuarded = ({ gatewayMode = 'nat' }: FirewallNetwork): boolean =>
  gatewayMode === 'nat' || gatewayMode === 'isolated';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** Where a port of the host leads to. */
export interface Mapping {
  protocol: Protocol;
  /** An address of the host, or 0.0.0.0 or :: for all of them. */
  hostIp: string;
  hostPort: number;
  address: string;
  port: number;
}

/** All that the firewall is to hold: from it alone the rules are made. */
export interface FirewallPlan {
  /** Names what belongs to this daemon. */
  instance: string;
  networks: readonly FirewallNetwork[];
  mappings: readonly Mapping[];
  /** Interfaces between which the host did not forward before the engine asked it to. */
  strangers: readonly string[];
}
