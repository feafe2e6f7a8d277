import { existsSync } from 'node:fs';
import type { Deps } from '../../deps.js';
import { readHostNetwork, removeLink } from '../../kernel/network.js';
import { isOf } from '../../network/names.js';
import type { NetworkRecord } from '../../store/networks.js';
import { hasProcess } from '../containers/wait.js';
import { bridgeName, ensureBridge } from './bridge.js';
import { defaultNetwork, plainNetwork } from './default-network.js';
import { networkOf, releasePlaces } from './places.js';

type RestoreDeps = Pick<
  Deps,
  'addresses' | 'config' | 'containers' | 'events' | 'firewall' | 'log' | 'networks' | 'paths'
>;

const keep = (deps: RestoreDeps, network: NetworkRecord): void =>
  deps.networks.get(network.id) ? deps.networks.replace(network) : deps.networks.insert(network);

const isBridge = ({ driver }: NetworkRecord): boolean => driver === 'bridge';

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
  const networks = deps.networks.list().filter(isBridge);
  if (networks.length === 0) return;
  const host = readHostNetwork();
  for (const network of networks) {
    await ensureBridge(deps, network, host).catch((error) =>
      deps.log.error({ network: network.name, err: error }, 'restore network'),
    );
  }
}

/** When it is known which containers run: gives back the addresses of the others, and removes links that are nobody's. */
export function settleNetworks(deps: RestoreDeps): void {
  for (const record of deps.containers.list()) if (!hasProcess(record)) releasePlaces(deps, record);
  const known = new Set(deps.networks.list().filter(isBridge).map(bridgeName));
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
