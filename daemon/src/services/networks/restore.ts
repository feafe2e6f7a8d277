import { existsSync } from 'node:fs';
import type { Deps } from '../../deps.js';
import { type HostNetwork, readHostNetwork, removeLink, setMaster } from '../../kernel/network.js';
import type { Endpoint } from '../../lib/endpoint.js';
import { isOf } from '../../network/names.js';
import type { ShimFailure } from '../../runtime/channel.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { NetworkRecord } from '../../store/networks.js';
import { hasProcess } from '../containers/wait.js';
import { isBridge } from './bridge.js';
import { defaultNetwork, plainNetwork } from './default-network.js';
import { shimInterface } from './interfaces.js';
import { ensureLink, hasLink, linkName } from './link.js';
import { networkOf, releasePlace, releasePlaces } from './places.js';

type RestoreDeps = Pick<
  Deps,
  'addresses' | 'config' | 'containers' | 'events' | 'firewall' | 'log' | 'networks' | 'paths' | 'shims'
>;

const keep = (deps: RestoreDeps, network: NetworkRecord): void =>
  deps.networks.get(network.id) ? deps.networks.replace(network) : deps.networks.insert(network);

/** The networks that there always are. Without a bridge there is no default one, and nothing of it on the host. */
function restoreBuiltIn(deps: RestoreDeps): void {
  for (const [name, driver] of [
    ['none', 'null'],
    ['host', 'host'],
  ] as const) {
    if (!deps.networks.byName(name)) deps.networks.insert(plainNetwork(name, driver));
  }
  const last = deps.networks.byName('bridge');
  if (deps.config.network.bridge) keep(deps, defaultNetwork(deps, readHostNetwork()));
  else if (last) deps.networks.remove(last.id);
}

/** Takes note of the addresses of all that may run: a container with a bundle does, though the store may not know it yet. */
function restoreAddresses(deps: RestoreDeps): void {
  for (const record of deps.containers.list()) {
    const running = hasProcess(record) || existsSync(deps.paths.bundle(record.id));
    for (const endpoint of record.endpoints ?? []) {
      const network = endpoint.place && networkOf(deps, endpoint);
      if (!network) continue;
      for (const address of [endpoint.place!.ipv4, endpoint.place!.ipv6]) {
        if (!address) continue;
        if (running) deps.addresses.hold(network, address);
        else deps.addresses.release(network, address, true);
      }
    }
  }
}

/**
 * Makes the bridges that are missing, and brings the others to what the store says. To be called before the containers are
 * looked at. One that cannot be made is no reason to leave the containers alone.
 */
export async function restoreNetworks(deps: RestoreDeps): Promise<void> {
  restoreBuiltIn(deps);
  restoreAddresses(deps);
  const networks = deps.networks.list().filter(hasLink);
  if (networks.length === 0) return;
  const host = readHostNetwork();
  for (const network of networks) {
    await ensureLink(deps, network, host).catch((error) =>
      deps.log.error({ network: network.name, err: error }, 'restore network'),
    );
  }
}

/**
 * A running container's place whose link is not on its bridge: the bridge has been made anew, or a daemon ended while it connected the
 * container or took it out. Connected (again), or out of the network where that cannot be. What is on a parent is not seen from here, and
 * is there already where it cannot be made.
 */
async function mend(deps: RestoreDeps, record: ContainerRecord, endpoint: Endpoint, host: HostNetwork): Promise<void> {
  const network = networkOf(deps, endpoint);
  const place = endpoint.place!;
  if (!network || !hasLink(network)) return;
  const link = host.links.find(({ name }) => name === place.host);
  const bridge = host.links.find(({ name }) => name === linkName(network));
  if (link && bridge && link.master === bridge.index) return;
  if (link) return setMaster(link.name, linkName(network));
  try {
    await deps.shims.get(record.id)?.connect(shimInterface(deps, record, endpoint));
  } catch (error) {
    if (!isBridge(network) && (error as ShimFailure).errno === 'EEXIST') return;
    deps.log.warn({ container: record.id, network: network.name, err: error }, 'a container is out of a network');
    const rest = deps.containers.get(record.id)?.endpoints?.filter((each) => each !== endpoint) ?? [];
    deps.containers.setEndpoints(record.id, rest);
    releasePlace(deps, network, place, false);
  }
}

function removeStrays(deps: RestoreDeps): void {
  const known = new Set(deps.networks.list().filter(hasLink).map(linkName));
  for (const record of deps.containers.list()) {
    if (hasProcess(record)) for (const { place } of record.endpoints ?? []) if (place) known.add(place.host);
  }
  for (const { name, alias } of readHostNetwork().links) {
    if (!isOf(deps.config.instance, alias) || known.has(name)) continue;
    try {
      removeLink(name);
    } catch (error) {
      deps.log.error({ link: name, err: error }, 'remove a link that belongs to nothing');
    }
  }
}

/** When it is known which containers run: gives back the addresses of the others, and brings links and places together. */
export async function settleNetworks(deps: RestoreDeps): Promise<void> {
  for (const record of deps.containers.list()) if (!hasProcess(record)) releasePlaces(deps, record);
  const host = readHostNetwork();
  for (const record of deps.containers.list()) {
    if (!hasProcess(record)) continue;
    for (const endpoint of record.endpoints ?? []) {
      if (!endpoint.place?.name) continue;
      await mend(deps, record, endpoint, host).catch((error) =>
        deps.log.error({ container: record.id, err: error }, 'restore a container in a network'),
      );
    }
  }
  removeStrays(deps);
}
