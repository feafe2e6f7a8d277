import type { Deps } from '../../deps.js';
import type { SeenNetwork } from '../../network/dns/resolve.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { hasProcess } from '../containers/wait.js';
import { isBuiltIn } from './built-in.js';
import { isInternal } from './link.js';
import { hasInterfaces, inOrder, networkOf } from './places.js';
import { dnsNames } from './settings.js';

type NameDeps = Pick<Deps, 'containers' | 'names' | 'networks'>;

/** Whether its containers find each other by name: in networks that somebody has made, as in Docker. */
export const hasNames = (network: NetworkRecord): boolean => hasInterfaces(network) && !isBuiltIn(network);

/** The networks with names that a container is in. */
function namedNetworks(deps: Pick<Deps, 'networks'>, record: ContainerRecord) {
  return inOrder(record.endpoints ?? []).flatMap((endpoint) => {
    const network = networkOf(deps, endpoint);
    return network && hasNames(network) ? [{ endpoint, network }] : [];
  });
}

/** Whether a container has a name server: not in the default network, where names are those of the host. */
export const hasNameServer = (deps: Pick<Deps, 'networks'>, record: ContainerRecord): boolean =>
  namedNetworks(deps, record).length > 0;

/** Whether what the networks do not know may be asked for elsewhere: not by who has internal networks only (CVE-2024-29018). */
export const mayAskOutside = (deps: Pick<Deps, 'networks'>, record: ContainerRecord): boolean =>
  (record.endpoints ?? []).some((endpoint) => {
    const network = networkOf(deps, endpoint);
    return network !== undefined && hasInterfaces(network) && !isInternal(network);
  });

/** `other:alias`, as --link has it; without alias the other's own name. */
const readLink = (link: string): [string, string] => {
  const [name = '', alias = name] = link.split(':');
  return [alias.toLowerCase(), name.replace(/^\//, '').toLowerCase()];
};

/** What a container sees of its networks when it asks for a name. */
export function seenNetworks(deps: NameDeps, record: ContainerRecord): SeenNetwork[] {
  return namedNetworks(deps, record).map(({ endpoint, network }) => ({
    name: network.name,
    names: deps.names.namesIn(network.id),
    links: new Map([...(endpoint.asked.links ?? []), ...(record.hostConfig.Links ?? [])].map(readLink)),
  }));
}

function register(deps: NameDeps, record: ContainerRecord): void {
  for (const { endpoint, network } of namedNetworks(deps, record)) {
    if (!endpoint.place) continue;
    const { ipv4, ipv6 } = endpoint.place;
    deps.names.namesIn(network.id).set(record.id, { names: dnsNames(record, endpoint), ipv4, ipv6 });
  }
}

function unregister(deps: NameDeps, record: ContainerRecord): void {
  for (const { networkId } of record.endpoints ?? []) deps.names.remove(networkId, record.id);
}

/** Keeps names as the containers are, from now on: those that run, in the networks that they are in. */
export function followNames(deps: NameDeps): void {
  for (const record of deps.containers.list()) if (hasProcess(record)) register(deps, record);
  deps.containers.observe((now, before) => {
    const runs = now !== undefined && hasProcess(now);
    if (!runs && !hasProcess(before)) return;
    const same = now?.endpoints === before.endpoints && now?.name === before.name && runs === hasProcess(before);
    if (same) return;
    unregister(deps, before);
    if (runs) register(deps, now);
  });
}
