import type { Deps } from '../../deps.js';
import { hasIPv6 } from '../../kernel/network.js';
import type { Endpoint } from '../../lib/endpoint.js';
import { aliasOf } from '../../network/names.js';
import { booleanOption, mtuOption, OPTION } from '../../network/options.js';
import type { ShimInterface } from '../../runtime/interface.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { bridgeName, gatewayOf, isEnabled } from './bridge.js';
import { endpointSysctls } from './endpoint-settings.js';
import { hasInterfaces, inOrder, networkOf } from './places.js';

type InterfaceDeps = Pick<Deps, 'addresses' | 'config' | 'networks'>;

/** IFALIASZ of the kernel, less its NUL. */
const ALIAS_MAX = 255;

/** What a container's packets go to that leave the network; '' where none do. */
export function routerOf(network: NetworkRecord, family: 4 | 6): string {
  if (network.internal || !isEnabled(network, family)) return '';
  const name = `DefaultGatewayIPv${family}`;
  const other = network.ipam.config.find(({ auxiliary }) => auxiliary?.[name])?.auxiliary?.[name];
  return other ?? gatewayOf(network, family)?.address ?? '';
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
    gatewayEndpoint(deps, all, family) === endpoint ? [routerOf(network, family)] : [],
  );
  return {
    name: place.name,
    kind: 'veth',
    host: place.host,
    parent: bridgeName(network),
    alias: aliasOf(deps.config.instance, `container ${record.name}`).slice(0, ALIAS_MAX),
    ...(place.mac && { mac: place.mac }),
    mtu: mtuOption(network.options),
    // A port that is published is reached by its own container as by others.
    hairpin: true,
    isolated: !booleanOption(network.options, OPTION.icc, true),
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
