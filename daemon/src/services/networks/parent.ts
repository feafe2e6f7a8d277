import { EngineError, invalid, type SystemError, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { type HostNetwork, makeLink, makeVlan, readHostNetwork, removeLink } from '../../kernel/network.js';
import { aliasOf, isOf } from '../../network/names.js';
import { mtuOption } from '../../network/options.js';
import { childOptions, isChildKind, parentName, readTagged } from '../../network/parent.js';
import type { NetworkRecord } from '../../store/networks.js';

type ParentDeps = Pick<Deps, 'config' | 'networks'>;

const refused = (sentence: string): EngineError => new EngineError('system', sentence);

const shared = (deps: ParentDeps, network: NetworkRecord): NetworkRecord[] =>
  deps.networks
    .list()
    .filter(({ id, driver }) => id !== network.id && isChildKind(driver))
    .filter((other) => parentName(other) === parentName(network));

/**
 * Refuses a parent that others have so that they cannot share it, one that is none, and an MTU that it cannot carry.
 * @throws EngineError system, in Docker's words; invalid (the MTU, which Docker does not look at)
 */
export function checkParent(deps: ParentDeps, network: NetworkRecord, host: HostNetwork = readHostNetwork()): void {
  const { driver } = network;
  if (!isChildKind(driver)) return;
  const name = parentName(network);
  if (name === 'lo') throw refused(`loopback interface is not a valid ${driver} parent link`);
  const { exclusive } = childOptions(driver, network.options);
  for (const other of shared(deps, network)) {
    if (other.driver !== driver) continue; // the kernel refuses what the other has an interface on
    if (driver === 'ipvlan')
      throw refused(`network ${other.name} (${other.id}) is already using parent interface ${name}`);
    if (exclusive)
      throw refused(`cannot use mode passthru, macvlan network ${other.id} is already using parent interface ${name}`);
    if (childOptions('macvlan', other.options).exclusive)
      throw refused(`macvlan network ${other.id} is already using parent interface ${name} in mode passthru`);
  }
  const link = host.links.find((each) => each.name === name);
  const mtu = mtuOption(network.options);
  if (link && mtu > link.mtu) throw invalid(`invalid MTU number: ${mtu} is more than the ${link.mtu} of ${name}`);
}

function make(deps: ParentDeps, network: NetworkRecord, host: HostNetwork): void {
  const name = parentName(network);
  const alias = aliasOf(deps.config.instance, `network ${network.name}`);
  if (!network.options.parent) {
    makeLink('dummy', name, alias, mtuOption(network.options));
    return;
  }
  const { under, id } = readTagged(name);
  if (!host.links.some((link) => link.name === under))
    throw refused(`-o parent interface was not found on the host: ${under}`);
  makeVlan(name, alias, under, id);
}

/**
 * Makes the link that a network is on where there is none and the engine is to make it: one for a tag of another link, or one that leads nowhere.
 * @throws EngineError system
 */
export function ensureParent(deps: ParentDeps, network: NetworkRecord, host: HostNetwork = readHostNetwork()): void {
  const name = parentName(network);
  if (host.links.some((link) => link.name === name)) return;
  try {
    make(deps, network, host);
  } catch (error) {
    if ((error as SystemError).code !== 'ENOTSUP') throw error;
    throw network.options.parent
      ? within(`failed to create ${name} vlan link`, refused('this kernel has no VLANs (802.1Q)'))
      : refused('this kernel has no dummy links: name the interface that the network is on (-o parent=eth0)');
  }
}

/** Removes it, where the engine has made it and no other network is on it. */
export function removeParent(deps: ParentDeps, network: NetworkRecord, host: HostNetwork = readHostNetwork()): void {
  const link = host.links.find(({ name }) => name === parentName(network));
  if (link && isOf(deps.config.instance, link.alias) && shared(deps, network).length === 0) removeLink(link.name);
}
