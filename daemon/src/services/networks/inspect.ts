import type { Network, NetworkContainer } from '@tinydocker/shared/api/networks.js';
import { notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { EndpointPlace } from '../../lib/endpoint.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { hasProcess } from '../containers/wait.js';

type ShowDeps = Pick<Deps, 'addresses' | 'containers' | 'networks'>;

/** A container that runs in a network, with its place there. */
export interface Member {
  readonly record: ContainerRecord;
  readonly place: EndpointPlace;
}

/** The running containers of every network, by its id. */
export function membersOfAll(deps: Pick<Deps, 'containers'>): Map<string, Member[]> {
  const members = new Map<string, Member[]>();
  for (const record of deps.containers.list()) {
    if (!hasProcess(record)) continue;
    for (const { networkId, place } of record.endpoints ?? []) {
      if (!place) continue;
      const list = members.get(networkId);
      if (list) list.push({ record, place });
      else members.set(networkId, [{ record, place }]);
    }
  }
  return members;
}

export const membersOf = (deps: Pick<Deps, 'containers'>, networkId: string): Member[] =>
  membersOfAll(deps).get(networkId) ?? [];

const withPrefix = (deps: ShowDeps, network: NetworkRecord, address: string): string =>
  address ? `${address}/${deps.addresses.prefixOf(network, address)}` : '';

function showMembers(deps: ShowDeps, network: NetworkRecord): Record<string, NetworkContainer> {
  return Object.fromEntries(
    membersOf(deps, network.id).map(({ record, place }) => [
      record.id,
      {
        Name: record.name,
        EndpointID: place.id,
        MacAddress: place.mac,
        IPv4Address: withPrefix(deps, network, place.ipv4),
        IPv6Address: withPrefix(deps, network, place.ipv6),
      },
    ]),
  );
}

/** A network as the API shows it; a list leaves the containers out. */
export function showNetwork(deps: ShowDeps, network: NetworkRecord, members: boolean): Network {
  const { ipam } = network;
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.ipv4,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: ipam.driver,
      Options: ipam.options,
      Config: ipam.config.map((part) => ({
        Subnet: part.subnet,
        ...(part.ipRange && { IPRange: part.ipRange }),
        ...(part.gateway && part.showGateway && { Gateway: part.gateway }),
        ...(part.auxiliary && Object.keys(part.auxiliary).length > 0 && { AuxiliaryAddresses: part.auxiliary }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: members ? showMembers(deps, network) : {},
    Options: network.options,
    Labels: network.labels,
  };
}

/** Everything known of a network. @throws EngineError not-found, invalid */
export function inspectNetwork(deps: ShowDeps, nameOrId: string, scope: string | undefined): Network {
  const network = deps.networks.resolve(nameOrId);
  if (scope && scope !== 'local') throw notFound(`network ${nameOrId} not found`);
  return showNetwork(deps, network, true);
}
