import type { Deps } from '../../deps.js';
import type { NetworkRecord } from '../../store/networks.js';

type NetworkAction = 'create' | 'connect' | 'disconnect' | 'destroy';

/** Tells of what happened to a network. */
export function publishNetwork(
  deps: Pick<Deps, 'events'>,
  action: NetworkAction,
  network: NetworkRecord,
  container?: string,
): void {
  const attributes = { ...(container && { container }), name: network.name, type: network.driver };
  deps.events.publish('network', action, network.id, attributes);
}
