import type { EndpointSettings, NetworkSettings } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import type { Endpoint } from '../../lib/endpoint.js';
import { shortId } from '../../lib/ids.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { portMap } from '../containers/ports.js';
import { hasProcess } from '../containers/wait.js';
import { gatewayOf } from './bridge.js';
import { isBuiltIn } from './built-in.js';
import { routerOf, UNSPECIFIED } from './interfaces.js';
import { hasInterfaces, networkOf } from './places.js';

type SettingsDeps = Pick<Deps, 'addresses' | 'config' | 'networks'>;

/** The names by which others in the network find a container: its own, its aliases, the short id, the host name. */
export function dnsNames(record: ContainerRecord, endpoint: Endpoint): string[] {
  const names = [record.name, ...(endpoint.asked.aliases ?? []), shortId(record.id), record.config.Hostname ?? ''];
  return [...new Set(names.filter(Boolean))];
}

const ABSENT = {
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
};

/** The gateway of a container with an address, where there is one. */
function shownRouter(network: NetworkRecord, family: 4 | 6, address: string): string {
  const router = address && routerOf(network, family, address);
  return UNSPECIFIED.includes(router) ? '' : router;
}

/** A container's place in one network, as inspect and list show it. */
function showEndpoint(deps: SettingsDeps, record: ContainerRecord, endpoint: Endpoint): EndpointSettings {
  const { asked } = endpoint;
  const network = networkOf(deps, endpoint);
  const place = hasProcess(record) && network ? endpoint.place : undefined;
  const prefix = (address: string) => (address && network ? deps.addresses.prefixOf(network, address) : 0);
  const userDefined = network && !isBuiltIn(network);
  return {
    IPAMConfig: asked.ipam
      ? {
          ...(asked.ipv4 && { IPv4Address: asked.ipv4 }),
          ...(asked.ipv6 && { IPv6Address: asked.ipv6 }),
          ...(asked.linkLocal && { LinkLocalIPs: [...asked.linkLocal] }),
        }
      : null,
    Links: asked.links ? [...asked.links] : null,
    Aliases: asked.aliases ? [...asked.aliases] : null,
    MacAddress: place?.mac ?? asked.mac ?? '',
    DriverOpts: asked.driverOpts ?? null,
    GwPriority: asked.gwPriority ?? 0,
    NetworkID: endpoint.networkId,
    ...ABSENT,
    ...(place &&
      network && {
        EndpointID: place.id,
        Gateway: shownRouter(network, 4, place.ipv4),
        IPAddress: place.ipv4,
        IPPrefixLen: prefix(place.ipv4),
        IPv6Gateway: shownRouter(network, 6, place.ipv6),
        GlobalIPv6Address: place.ipv6,
        GlobalIPv6PrefixLen: prefix(place.ipv6),
      }),
    DNSNames: userDefined ? dnsNames(record, endpoint) : null,
  };
}

/** The networks of a container, as inspect and list show them. */
export const networksOf = (deps: SettingsDeps, record: ContainerRecord): Record<string, EndpointSettings> =>
  Object.fromEntries(
    (record.endpoints ?? []).map((endpoint) => [endpoint.network, showEndpoint(deps, record, endpoint)]),
  );

/** The address that a name for the host leads to (host-gateway). */
export function hostGateway(deps: SettingsDeps): string[] {
  const { hostGateway } = deps.config.network;
  if (hostGateway) return [hostGateway];
  const bridge = deps.networks.byName('bridge');
  if (!bridge) return [];
  return ([4, 6] as const).flatMap((family) => gatewayOf(bridge, family)?.address ?? []);
}

/** All of a container's network settings. The members beside Networks are those of the default network, as in Docker. */
export function networkSettings(deps: SettingsDeps, record: ContainerRecord): NetworkSettings {
  const networks = networksOf(deps, record);
  const main = networks.bridge;
  const running =
    hasProcess(record) &&
    (record.endpoints ?? []).some((e) => {
      const network = networkOf(deps, e);
      return network && hasInterfaces(network);
    });
  return {
    Bridge: '',
    SandboxID: hasProcess(record) ? record.id : '',
    SandboxKey: running ? `/proc/${record.state.pid}/ns/net` : '',
    Ports: portMap(record),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: main?.EndpointID ?? '',
    Gateway: main?.Gateway ?? '',
    GlobalIPv6Address: main?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: main?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: main?.IPAddress ?? '',
    IPPrefixLen: main?.IPPrefixLen ?? 0,
    IPv6Gateway: main?.IPv6Gateway ?? '',
    MacAddress: main?.EndpointID ? (main.MacAddress ?? '') : '',
    Networks: networks,
  };
}
