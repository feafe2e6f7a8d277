import type { NetworkPruneResponse } from '@tinydocker/shared/api/networks.js';
import { matchesLabels, parseFilters } from '@tinydocker/shared/filters.js';
import { untilTime } from '../until.js';
import { isBuiltIn } from './built-in.js';
import { type CreateNetworkDeps, withNetworks } from './create.js';
import { discardNetwork } from './remove.js';

/** Removes the networks that no container is in, whether it runs or not. @throws EngineError invalid (filters) */
export function pruneNetworks(deps: CreateNetworkDeps, filterText: string | undefined): Promise<NetworkPruneResponse> {
  const filters = parseFilters(filterText, ['label', 'label!', 'until']);
  const until = untilTime(filters);
  return withNetworks(deps, async () => {
    const deleted: string[] = [];
    for (const network of deps.networks.list()) {
      if (isBuiltIn(network) || !matchesLabels(filters, network.labels)) continue;
      if (until !== undefined && Date.parse(network.createdAt) >= until) continue;
      const named = ({ networkId, network: name }: { networkId: string; network: string }) =>
        networkId === network.id || (networkId === '' && name === network.name);
      if (deps.containers.list().some(({ endpoints }) => endpoints?.some(named))) continue;
      try {
        await discardNetwork(deps, network);
        deleted.push(network.name);
      } catch (error) {
        deps.log.warn({ network: network.name, err: error }, 'prune');
      }
    }
    deps.events.publish('network', 'prune', '', { reclaimed: '0' });
    return { NetworksDeleted: deleted.length > 0 ? deleted : null };
  });
}
