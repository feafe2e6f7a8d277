import { invalid, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { Endpoint, EndpointPlace } from '../../lib/endpoint.js';
import { newId } from '../../lib/ids.js';
import type { StepRecorder } from '../../lib/steps.js';
import type { Undo } from '../../lib/undo.js';
import { hostInterface, randomMac } from '../../network/names.js';
import { OPTION } from '../../network/options.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { publishNetwork } from './publish.js';

export type PlaceDeps = Pick<Deps, 'addresses' | 'containers' | 'events' | 'networks'>;

/** Whether containers have interfaces in it. */
export const hasInterfaces = ({ driver }: Pick<NetworkRecord, 'driver'>): boolean =>
  driver !== 'host' && driver !== 'null';

/** The network of an endpoint: by its id, or by its name where it was not there when the container was created. */
export function networkOf(deps: Pick<Deps, 'networks'>, endpoint: Endpoint): NetworkRecord | undefined {
  return endpoint.networkId ? deps.networks.get(endpoint.networkId) : deps.networks.find(endpoint.network);
}

/** @throws EngineError not-found */
function requireNetwork(deps: Pick<Deps, 'networks'>, endpoint: Endpoint): NetworkRecord {
  return networkOf(deps, endpoint) ?? deps.networks.resolve(endpoint.networkId || endpoint.network);
}

/** The endpoints in the order of their interfaces: who gives the default route comes first. */
export const inOrder = (endpoints: readonly Endpoint[]): Endpoint[] =>
  [...endpoints].sort((a, b) => (b.asked.gwPriority ?? 0) - (a.asked.gwPriority ?? 0));

/** The next free name of an interface in the container. */
export function interfaceName(network: NetworkRecord, endpoint: Endpoint, taken: ReadonlySet<string>): string {
  const asked = endpoint.asked.driverOpts?.[OPTION.ifname];
  if (asked) return asked;
  const prefix = network.options[OPTION.prefix] || 'eth';
  let n = 0;
  while (taken.has(`${prefix}${n}`)) n++;
  return `${prefix}${n}`;
}

/**
 * A place in a network: the addresses that are asked for, the last ones where they are free, or new ones. The interfaces are new
 * ones at each start, for the last ones may still be there.
 * @throws EngineError forbidden (an address that is asked for is another's), conflict (there is none left)
 */
export function takePlace(
  deps: PlaceDeps,
  network: NetworkRecord,
  endpoint: Endpoint,
  taken: ReadonlySet<string>,
): EndpointPlace {
  const id = newId();
  if (!hasInterfaces(network)) return { id, name: '', host: '', mac: '', ipv4: '', ipv6: '' };
  const { asked, place: last } = endpoint;
  if (network.driver === 'ipvlan' && asked.mac)
    throw invalid('ipvlan interfaces do not support custom mac address assignment');
  const ipv4 = network.ipv4 ? deps.addresses.take(network, 4, { asked: asked.ipv4, preferred: last?.ipv4 }) : '';
  try {
    const ipv6 = network.ipv6 ? deps.addresses.take(network, 6, { asked: asked.ipv6, preferred: last?.ipv6 }) : '';
    return {
      id,
      name: interfaceName(network, endpoint, taken),
      host: network.driver === 'bridge' ? hostInterface() : '',
      mac: network.driver === 'ipvlan' ? '' : asked.mac || last?.mac || randomMac(),
      ipv4,
      ipv6,
    };
  } catch (error) {
    if (ipv4) deps.addresses.release(network, ipv4, false);
    throw error;
  }
}

/** Gives a place back; `keep`: the container may come back for its addresses. */
export function releasePlace(deps: PlaceDeps, network: NetworkRecord, place: EndpointPlace, keep: boolean): void {
  for (const address of [place.ipv4, place.ipv6]) if (address) deps.addresses.release(network, address, keep);
}

/**
 * The places of a container that is being started, stored before anything of them is made.
 * @returns the container with them
 * @throws EngineError not-found (a network), forbidden, conflict (addresses)
 */
export function takePlaces(deps: PlaceDeps, record: ContainerRecord, steps: StepRecorder, undo: Undo): ContainerRecord {
  const endpoints = record.endpoints ?? [];
  if (endpoints.length === 0) return record;
  try {
    return steps.run('addresses', endpoints.map(({ network }) => network).join(' '), () => {
      const names = new Set<string>();
      const places = new Map<Endpoint, Endpoint>();
      for (const endpoint of inOrder(endpoints)) {
        const network = requireNetwork(deps, endpoint);
        const place = takePlace(deps, network, endpoint, names);
        undo.push('give back addresses', () => releasePlace(deps, network, place, true));
        names.add(place.name);
        places.set(endpoint, { ...endpoint, networkId: network.id, place });
      }
      return deps.containers.setEndpoints(
        record.id,
        endpoints.map((endpoint) => places.get(endpoint)!),
      );
    });
  } catch (error) {
    throw within('failed to set up container networking', error);
  }
}

/** Tells of the networks that a container is in from now on, or no longer. */
export function publishPlaces(deps: PlaceDeps, record: ContainerRecord, action: 'connect' | 'disconnect'): void {
  for (const endpoint of record.endpoints ?? []) {
    const network = endpoint.place && networkOf(deps, endpoint);
    if (network) publishNetwork(deps, action, network, record.id);
  }
}

/** A container has ended: its addresses are kept for it as long as there are others. */
export function releasePlaces(deps: PlaceDeps, record: ContainerRecord): void {
  for (const endpoint of record.endpoints ?? []) {
    const network = endpoint.place && networkOf(deps, endpoint);
    if (network) releasePlace(deps, network, endpoint.place!, true);
  }
}

/** A container is removed, which does not run: nobody comes back for its addresses. */
export function forgetPlaces(deps: PlaceDeps, record: ContainerRecord): void {
  for (const endpoint of record.endpoints ?? []) {
    const network = endpoint.place && networkOf(deps, endpoint);
    if (!network) continue;
    for (const address of [endpoint.place!.ipv4, endpoint.place!.ipv6])
      if (address) deps.addresses.unkeep(network, address);
  }
}
