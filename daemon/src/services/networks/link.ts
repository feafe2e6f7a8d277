import type { Deps } from '../../deps.js';
import type { HostNetwork } from '../../kernel/network.js';
import { isChildKind, parentName } from '../../network/parent.js';
import type { NetworkRecord } from '../../store/networks.js';
import { bridgeName, ensureBridge, isBridge, removeBridge } from './bridge.js';
import { ensureParent, removeParent } from './parent.js';

type LinkDeps = Pick<Deps, 'config' | 'firewall' | 'log' | 'networks'>;

/** Whether a network has a link on the host: its bridge, or the one that its interfaces are on. */
export const hasLink = (network: NetworkRecord): boolean => isBridge(network) || isChildKind(network.driver);

export const linkName = (network: NetworkRecord): string =>
  isBridge(network) ? bridgeName(network) : parentName(network);

/** Whether nothing outside is reached from it. */
export const isInternal = ({ internal, driver, options }: NetworkRecord): boolean =>
  internal || (isChildKind(driver) && !options.parent);

/** Makes it as it is to be, with what belongs to it. May be called whenever there is doubt. @throws EngineError system */
export async function ensureLink(deps: LinkDeps, network: NetworkRecord, host?: HostNetwork): Promise<void> {
  if (isBridge(network)) await ensureBridge(deps, network, host);
  else if (isChildKind(network.driver)) ensureParent(deps, network, host);
}

/** Removes it, unless it was there before the network was. */
export async function removeOwnLink(deps: LinkDeps, network: NetworkRecord): Promise<void> {
  if (isBridge(network)) await removeBridge(deps, network);
  else if (isChildKind(network.driver)) removeParent(deps, network);
}
