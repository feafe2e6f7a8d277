/** An interface of the container's network namespace (native-shim/src/network-config.h). */
export interface ShimInterface {
  name: string;
  kind: 'veth' | 'macvlan' | 'ipvlan';
  /** The other end of a veth, on the host. */
  host?: string;
  /** The bridge, or what a macvlan or ipvlan is on. */
  parent: string;
  alias?: string;
  mac?: string;
  mtu?: number;
  mode?: number;
  flags?: number;
  hairpin?: boolean;
  isolated?: boolean;
  /** With prefixes. */
  addresses: string[];
  /** The default routes; an unspecified address is a route without a gateway. */
  gateways: string[];
  /** By their paths below /proc/sys: net/... */
  sysctls: Record<string, string>;
}
