import type { Deps } from '../../deps.js';
import { readHostNetwork, removeLink } from '../../kernel/network.js';
import { isOf } from '../../network/names.js';
import { hasProcess } from '../containers/wait.js';
import { isBridge } from './bridge.js';
import { hasLink, linkName } from './link.js';

type ReleaseDeps = Pick<Deps, 'config' | 'containers' | 'firewall' | 'log' | 'networks'>;

/**
 * Takes links and rules away that nobody needs while there is no daemon: where no container runs. The next daemon makes them
 * again. A bridge stays that somebody else has put an interface on.
 */
export async function releaseNetworks(deps: ReleaseDeps): Promise<void> {
  if (deps.containers.list().some(hasProcess)) return;
  const { instance } = deps.config;
  const { links } = readHostNetwork();
  for (const network of deps.networks.list().filter(hasLink)) {
    const link = links.find(({ name }) => name === linkName(network));
    if (!link || !isOf(instance, link.alias)) continue;
    if (links.some(({ master, alias }) => master === link.index && !isOf(instance, alias))) continue;
    try {
      removeLink(link.name);
      if (isBridge(network)) await deps.firewall.removeNetwork(network);
    } catch (error) {
      deps.log.error({ network: network.name, err: error }, 'take away the link of a network');
    }
  }
}
