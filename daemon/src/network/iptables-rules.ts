import type { Family } from '../kernel/nft-expression.js';
import { type FirewallNetwork, type FirewallPlan, isGuarded, type Mapping } from './firewall-plan.js';
import { familyOf, isWildcard } from './ip-bytes.js';

/*
 * The rules of ruleset.ts for iptables-restore(8): chains of our own, by the instance's name, that the built-in ones jump to. iptables
 * has no maps: a rule a port.
 */

/** A table, what it has of ours, and from where that is jumped to. */
export interface IptablesTable {
  name: 'raw' | 'nat' | 'filter';
  chains: string[];
  jumps: { from: string; rule: string }[];
  rules: string[];
}

const LOOPBACK = { ip: '127.0.0.0/8', ip6: '::1/128' };

/** Names of chains have at most 28 characters. */
const prefixOf = (instance: string): string => instance.toUpperCase().slice(0, 20);

export const portsChain = (instance: string): string => `${prefixOf(instance)}-PORTS`;

/** The rule of a published port. */
export function mappingRule(instance: string, { protocol, hostIp, hostPort, address, port }: Mapping): string {
  const at = isWildcard(hostIp) ? '' : ` -d ${hostIp}`;
  const to = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return `${portsChain(instance)}${at} -p ${protocol} -m ${protocol} --dport ${hostPort} -j DNAT --to-destination ${to}`;
}

const DNATED = '-m conntrack --ctstate DNAT';
const KNOWN = '-m conntrack --ctstate RELATED,ESTABLISHED';
const LOCAL = '-m addrtype --dst-type LOCAL';

function rawTable(family: Family, prefix: string, networks: readonly FirewallNetwork[]): IptablesTable {
  const [chain, guard] = [`${prefix}-RAW`, `${prefix}-GUARD`];
  return {
    name: 'raw',
    chains: [chain, guard],
    jumps: [{ from: 'PREROUTING', rule: `-j ${chain}` }],
    rules: [
      `${chain} ! -i lo -d ${LOOPBACK[family]} -j DROP`,
      ...networks
        .filter(isGuarded)
        .flatMap(({ subnets }) => subnets.filter((net) => familyOf(net) === family))
        .map((subnet) => `${chain} -d ${subnet} -j ${guard}`),
      ...networks.map(({ bridge }) => `${guard} -i ${bridge} -j RETURN`),
      `${guard} -i lo -j RETURN`,
      `${guard} ${LOCAL} -j RETURN`,
      `${guard} -j DROP`,
    ],
  };
}

function natTable(family: Family, prefix: string, plan: FirewallPlan): IptablesTable {
  const [ports, out] = [`${prefix}-PORTS`, `${prefix}-OUT`];
  const { networks, mappings } = plan;
  const subnetsOf = ({ subnets }: FirewallNetwork) => subnets.filter((net) => familyOf(net) === family);
  const notLoopback = `! -d ${LOOPBACK[family]} ${LOCAL} -j ${ports}`;
  return {
    name: 'nat',
    chains: [ports, out],
    jumps: [
      { from: 'PREROUTING', rule: notLoopback },
      { from: 'OUTPUT', rule: family === 'ip' ? `${LOCAL} -j ${ports}` : notLoopback },
      { from: 'POSTROUTING', rule: `-j ${out}` },
    ],
    rules: [
      ...networks.flatMap((network) =>
        subnetsOf(network).map((net) => `${out} -s ${net} -o ${network.bridge} ${DNATED} -j MASQUERADE`),
      ),
      ...(family === 'ip' ? networks.map(({ bridge }) => `${out} -s ${LOOPBACK.ip} -o ${bridge} -j MASQUERADE`) : []),
      ...networks.map(({ bridge }) => `${out} -o ${bridge} -j RETURN`),
      ...networks
        .filter(({ masquerade, internal }) => masquerade && !internal)
        .flatMap(subnetsOf)
        .map((net) => `${out} -s ${net} -j MASQUERADE`),
      ...mappings.filter(({ hostIp }) => familyOf(hostIp) === family).map((m) => mappingRule(plan.instance, m)),
    ],
  };
}

function filterTable(prefix: string, { networks, strangers }: FirewallPlan): IptablesTable {
  const [input, forward, open] = [`${prefix}-IN`, `${prefix}-FWD`, `${prefix}-OPEN`];
  const [from, to] = [`${prefix}-FROM`, `${prefix}-TO`];
  const each = (rule: (bridge: string, network: FirewallNetwork) => string | undefined): string[] =>
    networks.flatMap((network) => rule(network.bridge, network) ?? []);
  const isOpen = (network: FirewallNetwork) => !isGuarded(network) && !network.internal;
  return {
    name: 'filter',
    chains: [input, forward, open, from, to],
    jumps: [
      { from: 'INPUT', rule: `-j ${input}` },
      { from: 'FORWARD', rule: `-j ${forward}` },
    ],
    rules: [
      ...each((b, { internal }) =>
        internal ? `${input} -i ${b} -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP` : undefined,
      ),
      ...each((b) => `${forward} -o ${b} ${KNOWN} -j ACCEPT`),
      ...each((b) => `${forward} -i ${b} ${KNOWN} -j ACCEPT`),
      ...each((b, { icc }) => (icc ? `${forward} -i ${b} -o ${b} -j ACCEPT` : undefined)),
      ...each((b, { internal }) => (internal ? `${forward} -i ${b} -j DROP` : undefined)),
      ...each((b, { internal }) => (internal ? `${forward} -o ${b} -j DROP` : undefined)),
      ...each((b) => `${forward} -o ${b} ${DNATED} -j ACCEPT`),
      ...each((b, network) => (isOpen(network) ? `${forward} -o ${b} -j ${open}` : undefined)),
      ...each((b) => `${forward} -o ${b} -j DROP`),
      ...each((b) => `${forward} -i ${b} -j ACCEPT`),
      `${forward} -j ${from}`,
      ...each((b) => `${open} -i ${b} -j DROP`),
      `${open} -j ACCEPT`,
      ...strangers.map((name) => `${from} -i ${name} -j ${to}`),
      ...strangers.map((name) => `${to} -o ${name} -j DROP`),
    ],
  };
}

/** All there is to be of one family. Pure. */
export function iptablesTables(family: Family, plan: FirewallPlan): IptablesTable[] {
  const prefix = prefixOf(plan.instance);
  return [rawTable(family, prefix, plan.networks), natTable(family, prefix, plan), filterTable(prefix, plan)];
}
