import type { Deps } from '../../deps.js';
import { hasIPv6 } from '../../kernel/network.js';
import type { Endpoint, EndpointPlace } from '../../lib/endpoint.js';
import { aliasOf } from '../../network/names.js';
import { booleanOption, mtuOption, OPTION } from '../../network/options.js';
import { childOptions, isChildKind } from '../../network/parent.js';
import type { ShimInterface } from '../../runtime/interface.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { gatewayOf, isEnabled } from './bridge.js';
import { endpointSysctls } from './endpoint-settings.js';
import { isInternal, linkName } from './link.js';
import { hasInterfaces, inOrder, networkOf } from './places.js';

type InterfaceDeps = Pick<Deps, 'addresses' | 'config' | 'networks'>;

/** Where there is no address to go to: everything is behind the link. */
export const UNSPECIFIED: readonly string[] = ['0.0.0.0', '::'];

/** What the packets of a container with an address go to that leave the network; '' where none do. */
export function routerOf(network: NetworkRecord, family: 4 | 6, own = ''): string {
  const { driver, options } = network;
  if (isInternal(network) || !isEnabled(network, family)) return '';
  if (isChildKind(driver) && childOptions(driver, options).routed) return family === 4 ? '0.0.0.0' : '::';
  const name = `DefaultGatewayIPv${family}`;
  const other = network.ipam.config.find(({ auxiliary }) => auxiliary?.[name])?.auxiliary?.[name];
  return other ?? gatewayOf(network, family, own)?.address ?? '';
}

/** The endpoint whose router is the default route of a family: the first in order that has one. */
export function gatewayEndpoint(
  deps: InterfaceDeps,
  endpoints: readonly Endpoint[],
  family: 4 | 6,
): Endpoint | undefined {
  return inOrder(endpoints).find((endpoint) => {
    const network = endpoint.place && networkOf(deps, endpoint);
    return network && hasInterfaces(network) && routerOf(network, family) !== '';
  });
}

/**
 * Where nobody has given an interface an IPv6 address it has none, not even of its own making, and hears no router
 * (CVE-2020-13401, CVE-2024-32473).
 */
function sysctlsOf(endpoint: Endpoint): Record<string, string> {
  const { name, ipv6 } = endpoint.place!;
  const key = `net/ipv6/conf/${name}`;
  return {
    ...(hasIPv6() && (ipv6 ? { [`${key}/accept_ra`]: '0' } : { [`${key}/disable_ipv6`]: '1' })),
    ...endpointSysctls(endpoint.asked.driverOpts, name),
  };
}

/** A pair of which one end is on the bridge, or what is on the parent. */
function linkPart(network: NetworkRecord, { host }: EndpointPlace) {
  const { driver, options } = network;
  const parent = linkName(network);
  if (isChildKind(driver)) {
    const { mode, flags } = childOptions(driver, options);
    return { kind: driver, parent, mode, flags };
  }
  // A port that is published is reached by its own container as by others.
  return { kind: 'veth' as const, host, parent, hairpin: true, isolated: !booleanOption(options, OPTION.icc, true) };
}

/** What the shim is to make of an endpoint that has a place. */
export function shimInterface(
  deps: InterfaceDeps,
  record: ContainerRecord,
  endpoint: Endpoint,
  all: readonly Endpoint[] = record.endpoints ?? [],
): ShimInterface {
  const network = networkOf(deps, endpoint)!;
  const place = endpoint.place!;
  const cidr = (address: string) => `${address}/${deps.addresses.prefixOf(network, address)}`;
  const gateways = ([4, 6] as const).flatMap((family) =>
    gatewayEndpoint(deps, all, family) === endpoint
      ? [routerOf(network, family, family === 4 ? place.ipv4 : place.ipv6)]
      : [],
  );
  return {
    name: place.name,
    ...linkPart(network, place),
    alias: aliasOf(deps.config.instance, `container ${record.name}`),
    ...(place.mac && { mac: place.mac }),
    mtu: mtuOption(network.options),
    addresses: [...[place.ipv4, place.ipv6].filter(Boolean).map(cidr), ...(endpoint.asked.linkLocal ?? [])],
    gateways,
    sysctls: sysctlsOf(endpoint),
  };
}

/** All interfaces of a container that is being started, in their order. */
export function shimInterfaces(deps: InterfaceDeps, record: ContainerRecord): ShimInterface[] {
  return inOrder(record.endpoints ?? []).flatMap((endpoint) => {
    const network = endpoint.place && networkOf(deps, endpoint);
    return network && hasInterfaces(network) ? [shimInterface(deps, record, endpoint)] : [];
  });
}
