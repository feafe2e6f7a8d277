import { isIP, isIPv4, isIPv6 } from 'node:net';
import { ConfigError, type Settings } from './config-file.js';
import { parseCidr } from './network/address.js';
import { INTERFACE_NAME_MAX } from './network/names.js';
import type { SubnetPool } from './network/subnets.js';

/** What the daemon was told about networks. */
export interface NetworkConfig {
  /** Interface of the default network; '' for none: there is no such network then. */
  readonly bridge: string;
  /** Address of the bridge with its prefix; '' where the daemon chooses. */
  readonly bip: string;
  readonly bip6: string;
  readonly fixedCidr: string;
  readonly fixedCidr6: string;
  readonly gateway: string;
  readonly gateway6: string;
  readonly mtu: number;
  readonly ipv6: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Whether the daemon turns on forwarding. */
  readonly forward: boolean;
  /** Address of the host for published ports that name none; '' for all. */
  readonly ip: string;
  /** What writes the rules; '' for what suits the host. */
  readonly firewallBackend: '' | 'nftables' | 'iptables';
  /** Whether the packet filter is touched at all, and that of IPv6. */
  readonly iptables: boolean;
  readonly ip6tables: boolean;
  /** For networks without a subnet of their own; undefined: the built-in ones. */
  readonly pools: readonly SubnetPool[] | undefined;
  /** Options of new networks, by driver. */
  readonly options: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly hostGateway: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

function checkCidr(name: string, text: string | undefined, family: 4 | 6): string {
  if (!text) return '';
  const parsed = parseCidr(text);
  if (parsed?.subnet.family !== family) {
    throw new ConfigError(`invalid ${name}: ${text} (write an IPv${family} address with its prefix)`);
  }
  return text;
}

function checkAddress(name: string, text: string | undefined, is: (text: string) => unknown): string {
  if (text && !is(text)) throw new ConfigError(`invalid ${name}: ${text} is no such address`);
  return text ?? '';
}

function checkBackend(name = ''): NetworkConfig['firewallBackend'] {
  if (name !== '' && name !== 'nftables' && name !== 'iptables') {
    throw new ConfigError(`invalid firewall-backend: ${name} (use nftables or iptables)`);
  }
  return name;
}

function readPool({ base, size }: { base: string; size: number }): SubnetPool {
  const parsed = parseCidr(base);
  if (!parsed) throw new ConfigError(`invalid default address pool: ${base} is no subnet`);
  const { subnet } = parsed;
  const most = subnet.family === 4 ? 30 : 126;
  if (size < subnet.prefix || size > most) {
    throw new ConfigError(`invalid default address pool: size ${size} of ${base} (from ${subnet.prefix} to ${most})`);
  }
  return { base: subnet, size };
}

function checkBridge(name: string): string {
  if (name.length > INTERFACE_NAME_MAX || !/^[^\s/:.][^\s/:]*$/.test(name)) {
    throw new ConfigError(`invalid bridge: ${name} (an interface's name has at most ${INTERFACE_NAME_MAX} characters)`);
  }
  return name;
}

/** The interface bears the name of its daemon: several run on one machine. */
const defaultBridge = (instance: string, isDefault: boolean): string =>
  isDefault ? 'tinydocker0' : `td-${instance.slice(-8)}`;

/** @throws ConfigError with one sentence for the user */
export function resolveNetworkConfig(s: Settings, instance: string, isDefault: boolean): NetworkConfig {
  for (const server of s.dns ?? []) {
    if (!isIP(server)) throw new ConfigError(`invalid DNS address: ${server}`);
  }
  const mtu = s.mtu ?? 0;
  if (mtu !== 0 && (mtu < 68 || mtu > 65535)) throw new ConfigError(`invalid mtu: ${mtu}`);
  return {
    bridge: s.bridge === 'none' ? '' : checkBridge(s.bridge || defaultBridge(instance, isDefault)),
    bip: checkCidr('bip', s.bip, 4),
    bip6: checkCidr('bip6', s.bip6, 6),
    fixedCidr: checkCidr('fixed-cidr', s['fixed-cidr'], 4),
    fixedCidr6: checkCidr('fixed-cidr-v6', s['fixed-cidr-v6'], 6),
    gateway: checkAddress('default-gateway', s['default-gateway'], isIPv4),
    gateway6: checkAddress('default-gateway-v6', s['default-gateway-v6'], isIPv6),
    mtu,
    ipv6: s.ipv6 ?? Boolean(s.bip6 || s['fixed-cidr-v6']),
    icc: s.icc ?? true,
    masquerade: s['ip-masq'] ?? true,
    forward: s['ip-forward'] ?? true,
    ip: checkAddress('ip', s.ip === '0.0.0.0' ? '' : s.ip, isIP),
    firewallBackend: checkBackend(s['firewall-backend']),
    iptables: s.iptables ?? true,
    ip6tables: s.ip6tables ?? true,
    pools: s['default-address-pools']?.map(readPool),
    options: s['default-network-opts'] ?? {},
    hostGateway: checkAddress('host-gateway-ip', s['host-gateway-ip'], isIP),
    dns: s.dns ?? [],
    dnsSearch: s['dns-search'] ?? [],
    dnsOptions: s['dns-opts'] ?? [],
  };
}
