import type { Deps } from '../../deps.js';
import { readHostNetwork, removeLink } from '../../kernel/network.js';
import { isOf } from '../../network/names.js';
import { hasProcess } from '../containers/wait.js';
import { bridgeName, isBridge } from './bridge.js';

type ReleaseDeps = Pick<Deps, 'config' | 'containers' | 'firewall' | 'log' | 'networks'>;

/**
 * Takes bridges and rules away that nobody needs while there is no daemon: where no container runs. The next daemon makes them
 * again. A bridge stays that somebody else has put an interface on.
 */
export async function releaseNetworks(deps: ReleaseDeps): Promise<void> {
  if (deps.containers.list().some(hasProcess)) return;
  const { instance } = deps.config;
  const { links } = readHostNetwork();
  for (const network of deps.networks.list().filter(isBridge)) {
    const link = links.find(({ name }) => name === bridgeName(network));
    if (!link || !isOf(instance, link.alias)) continue;
    if (links.some(({ master, alias }) => master === link.index && !isOf(instance, alias))) continue;
    try {
      removeLink(link.name);
      await deps.firewall.removeNetwork(network);
    } catch (error) {
      deps.log.error({ network: network.name, err: error }, 'take away the bridge of a network');
    }
  }
}
