import type { Deps } from '../../deps.js';
import { type HostNetwork, hasIPv6 } from '../../kernel/network.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import { contains, formatAddress, formatSubnet, parseCidr, type Subnet } from '../../network/address.js';
import { OPTION } from '../../network/options.js';
import { DEFAULT_BRIDGE_POOLS } from '../../network/subnets.js';
import type { IpamConfig, NetworkRecord } from '../../store/networks.js';
import { chosenPart } from './ipam.js';
import { checkSubnet, freeSubnet } from './subnets.js';

type DefaultDeps = Pick<Deps, 'config' | 'networks'>;

const DEFAULT_MTU = 1500;

/** What is given with an address of the bridge: the address is the gateway. */
function partOf(cidr: string, fixed: string, router: string, family: 4 | 6): IpamConfig {
  const { subnet, address } = parseCidr(cidr)!;
  const range = fixed ? parseCidr(fixed)!.subnet : undefined;
  const own = address === subnet.base ? chosenPart(subnet).gateway : formatAddress(family, address);
  return {
    subnet: formatSubnet(subnet),
    ipRange: range ? formatSubnet(range) : '',
    gateway: own,
    showGateway: true,
    auxiliary: router ? { [`DefaultGatewayIPv${family}`]: router } : null,
    asked: true,
  };
}

const ofFamily = (network: NetworkRecord | undefined, family: 4 | 6): IpamConfig | undefined =>
  network?.ipam.config.find(({ subnet }) => parseCidr(subnet)!.subnet.family === family);

/** The address that the interface has already, as somebody has set it up. */
function found(host: HostNetwork, bridge: string, family: 4 | 6): string | undefined {
  const link = host.links.find(({ name }) => name === bridge);
  return host.addresses.find(({ index, cidr }) => {
    return index === link?.index && parseCidr(cidr)?.subnet.family === family && !cidr.startsWith('fe80:');
  })?.cidr;
}

function part(deps: DefaultDeps, host: HostNetwork, last: NetworkRecord | undefined, family: 4 | 6): IpamConfig {
  const { bridge, bip, bip6, fixedCidr, fixedCidr6, gateway, gateway6, pools } = deps.config.network;
  const fixed = family === 4 ? fixedCidr : fixedCidr6;
  const router = family === 4 ? gateway : gateway6;
  const given = (family === 4 ? bip : bip6) || found(host, bridge, family);
  if (given) return partOf(given, fixed, router, family);
  const kept = ofFamily(last, family);
  const context = { host, bridge, ...(last && { networkId: last.id }) };
  const usable = (subnet: Subnet): boolean => {
    try {
      checkSubnet(deps, subnet, context);
      return !fixed || contains(subnet, family, parseCidr(fixed)!.subnet.base);
    } catch {
      return false; // somebody else has it by now
    }
  };
  if (kept && usable(parseCidr(kept.subnet)!.subnet)) {
    return partOf(`${kept.gateway}/${parseCidr(kept.subnet)!.subnet.prefix}`, fixed, router, family);
  }
  // As in dockerd: without an address of its own, the range that is given out is all there is.
  if (fixed) return partOf(fixed, fixed, router, family);
  const chosen = freeSubnet(deps, family, pools ?? (family === 4 ? DEFAULT_BRIDGE_POOLS : undefined), context);
  return partOf(formatSubnet(chosen), '', router, family);
}

/** The network of containers that ask for no other, as the daemon is told to have it. @throws EngineError forbidden */
export function defaultNetwork(deps: DefaultDeps, host: HostNetwork): NetworkRecord {
  const { bridge, mtu, icc, masquerade, ipv6, options } = deps.config.network;
  const last = deps.networks.byName('bridge');
  const families: (4 | 6)[] = ipv6 && hasIPv6() ? [4, 6] : [4];
  return {
    id: last?.id ?? newId(),
    name: 'bridge',
    createdAt: last?.createdAt ?? timestamp(),
    driver: 'bridge',
    ipv4: true,
    ipv6: families.includes(6),
    internal: false,
    attachable: false,
    ipam: { driver: 'default', options: null, config: families.map((family) => part(deps, host, last, family)) },
    options: {
      ...options.bridge,
      [OPTION.defaultBridge]: 'true',
      [OPTION.icc]: String(icc),
      [OPTION.masquerade]: String(masquerade),
      [OPTION.hostBinding]: '0.0.0.0',
      [OPTION.name]: bridge,
      [OPTION.mtu]: String(mtu || DEFAULT_MTU),
    },
    labels: {},
  };
}

/** A network that has no interfaces: none, and that of the host. */
export const plainNetwork = (name: string, driver: string): NetworkRecord => ({
  id: newId(),
  name,
  createdAt: timestamp(),
  driver,
  ipv4: true,
  ipv6: false,
  internal: false,
  attachable: false,
  ipam: { driver: 'default', options: null, config: [] },
  options: {},
  labels: {},
});
