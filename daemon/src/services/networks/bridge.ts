import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import {
  addAddress,
  type HostLink,
  type HostNetwork,
  makeLink,
  readHostNetwork,
  removeAddress,
  removeLink,
  setLinkUp,
} from '../../kernel/network.js';
import { setSysctl } from '../../kernel/sysctl.js';
import { contains, familyOf, parseAddress, parseCidr } from '../../network/address.js';
import type { FirewallNetwork } from '../../network/firewall-plan.js';
import { aliasOf, bridgeOf, isOf } from '../../network/names.js';
import { booleanOption, gatewayMode, mtuOption, OPTION } from '../../network/options.js';
import type { NetworkRecord } from '../../store/networks.js';

type BridgeDeps = Pick<Deps, 'config' | 'firewall' | 'log'>;

export const isBridge = ({ driver }: Pick<NetworkRecord, 'driver'>): boolean => driver === 'bridge';

/** The interface of a bridge network. */
export const bridgeName = (network: NetworkRecord): string => network.options[OPTION.name] || bridgeOf(network.id);

export const isEnabled = (network: Pick<NetworkRecord, 'ipv4' | 'ipv6'>, family: 4 | 6): boolean =>
  family === 4 ? network.ipv4 : network.ipv6;

/** Address of the host in a network, with its prefix; undefined where it has none there. Of several subnets: in the one that a container has `address` in. */
export function gatewayOf(
  network: NetworkRecord,
  family: 4 | 6,
  address = '',
): { address: string; cidr: string } | undefined {
  if (!isEnabled(network, family)) return undefined;
  const parts = network.ipam.config.filter(({ gateway }) => gateway && familyOf(gateway) === family);
  const own = parts.find(({ subnet }) => address && contains(parseCidr(subnet)!.subnet, family, parseAddress(address)));
  const part = own ?? parts[0];
  if (!part) return undefined;
  return { address: part.gateway, cidr: `${part.gateway}/${parseCidr(part.subnet)!.subnet.prefix}` };
}

/** A network as the packet filter is told of it. */
export const filtered = (network: NetworkRecord): FirewallNetwork => ({
  id: network.id,
  bridge: bridgeName(network),
  subnets: network.ipam.config
    .map(({ subnet }) => subnet)
    .filter((subnet) => isEnabled(network, parseCidr(subnet)!.subnet.family)),
  internal: network.internal,
  icc: booleanOption(network.options, OPTION.icc, true),
  masquerade: booleanOption(network.options, OPTION.masquerade, true),
  gatewayMode: gatewayMode(network.options, 4),
});

/** The addresses that the bridge is to have. */
function ownAddresses(network: NetworkRecord): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const gateway = gatewayOf(network, family);
    if (!gateway || (network.internal && gatewayMode(network.options, family) === 'isolated')) return [];
    if (family === 4 && booleanOption(network.options, OPTION.inhibit4, false)) return [];
    return [gateway.cidr];
  });
}

/** Addresses of earlier settings go, from a bridge that is this engine's own. The link's own of IPv6 stay. */
function removeOthers(host: HostNetwork, link: HostLink, wanted: readonly string[]): void {
  for (const { index, cidr } of host.addresses) {
    if (index === link.index && !wanted.includes(cidr) && !cidr.startsWith('fe80:')) removeAddress(link.name, cidr);
  }
}

/** Who is no router is told nothing by routers, and has no IPv6 address of its own making (CVE-2020-13401, CVE-2024-32473). */
function setIPv6(name: string, enabled: boolean): void {
  const key = `net/ipv6/conf/${name}`;
  try {
    setSysctl(`${key}/accept_ra`, '0');
    setSysctl(`${key}/disable_ipv6`, enabled ? '0' : '1');
  } catch (error) {
    // A kernel without IPv6 has nothing to be switched off.
    if ((error as { code?: string }).code !== 'ENOENT' || enabled) throw error;
  }
}

/**
 * Makes the bridge of a network as it is to be, with the rules for it. May be called whenever there is doubt.
 * @throws EngineError system
 */
export async function ensureBridge(
  deps: BridgeDeps,
  network: NetworkRecord,
  host: HostNetwork = readHostNetwork(),
): Promise<void> {
  const name = bridgeName(network);
  const { instance } = deps.config;
  const link = host.links.find((each) => each.name === name);
  if (link && link.kind !== 'bridge') throw new EngineError('system', `existing interface ${name} is not a bridge`);
  const wanted = ownAddresses(network);
  const addresses = host.addresses.filter(({ index }) => index === link?.index).map(({ cidr }) => cidr);
  if (!link) makeLink('bridge', name, aliasOf(instance, `network ${network.name}`), mtuOption(network.options));
  else if (isOf(instance, link.alias)) removeOthers(host, link, wanted);
  setIPv6(name, network.ipv6);
  for (const cidr of wanted) if (!addresses.includes(cidr)) addAddress(name, cidr);
  if (link && !link.up) setLinkUp(name);
  await deps.firewall.ensureNetwork(filtered(network));
}

/** Removes the bridge of a network, unless it was there before the network was. */
export async function removeBridge(deps: BridgeDeps, network: NetworkRecord): Promise<void> {
  const name = bridgeName(network);
  const link = readHostNetwork().links.find((each) => each.name === name);
  if (link && isOf(deps.config.instance, link.alias)) removeLink(name);
  await deps.firewall.removeNetwork(network);
}
