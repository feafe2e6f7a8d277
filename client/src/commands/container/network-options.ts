import { isIP } from 'node:net';
import type { HostConfig, NetworkingConfig } from '@tinydocker/shared/api/containers.js';
import type { Values } from '../../flags/parse.js';
import { bool, hidden, list, parsedList, text } from '../../flags/types.js';
import { BUILT_IN, networksOf, parseNetwork } from './network-option.js';
import { parsePublish } from './port-option.js';

const some = (values: readonly string[]): string[] | undefined => (values.length > 0 ? [...values] : undefined);

/** `80`, `53/udp`, `8000-8010/tcp`; kept one a port. */
function exposed(value: string): string {
  const [, first, last, , protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(\/([a-z]+))?$/i.exec(value) ?? [];
  if (
    first === undefined ||
    Number(first) > 0xffff ||
    Number(last ?? first) > 0xffff ||
    Number(last ?? first) < Number(first)
  ) {
    throw new Error(`invalid range format for --expose: ${value}`);
  }
  const ports = Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, i) => Number(first) + i);
  return ports.map((port) => `${port}/${protocol.toLowerCase()}`).join(' ');
}

/** The flags that say what a container has of a network. */
export const NETWORK_FLAGS = {
  dns: list('Set custom DNS servers', undefined, (value) => {
    if (isIP(value) === 0) throw new Error(`IP address is not correctly formatted: ${value}`);
    return value;
  }),
  'dns-opt': hidden(list('Set DNS options')),
  'dns-option': list('Set DNS options'),
  'dns-search': list('Set custom DNS search domains'),
  expose: list('Expose a port or a range of ports', undefined, exposed),
  ip: text('IPv4 address (e.g., "172.30.100.104")'),
  ip6: text('IPv6 address (e.g., "2001:db8::33")'),
  link: list('Add link to another container'),
  'link-local-ip': list('Container IPv4/IPv6 link-local addresses'),
  'mac-address': text('Container MAC address (e.g., "92:d0:c6:0a:29:33")'),
  net: hidden(parsedList('Connect a container to a network', 'network', parseNetwork)),
  'net-alias': hidden(list('Add network-scoped alias for the container')),
  network: parsedList('Connect a container to a network', 'network', parseNetwork),
  'network-alias': list('Add network-scoped alias for the container'),
  publish: list("Publish a container's port(s) to the host", 'p'),
  'publish-all': bool('Publish all exposed ports to random ports', 'P'),
};

type NetworkFlags = Values<typeof NETWORK_FLAGS>;

/** All networks that the flags name, and what the container is to have of each. */
const networks = (flags: NetworkFlags) => {
  const all = [...flags.net, ...flags.network];
  // In the default network a link is the container's own matter, not that of its place there.
  const named = all[0] && !BUILT_IN.includes(all[0].name);
  return networksOf(all, {
    aliases: [...flags['net-alias'], ...flags['network-alias']],
    ip: flags.ip,
    ip6: flags.ip6,
    linkLocal: flags['link-local-ip'],
    mac: flags['mac-address'],
    links: named ? flags.link : undefined,
  });
};

export function networkingConfig(flags: NetworkFlags): NetworkingConfig | undefined {
  const { endpoints } = networks(flags);
  return endpoints && { EndpointsConfig: endpoints };
}

export const networkConfig = (flags: NetworkFlags): HostConfig => ({
  Dns: some(flags.dns),
  DnsOptions: some([...flags['dns-opt'], ...flags['dns-option']]),
  DnsSearch: some(flags['dns-search']),
  Links: some(flags.link),
  NetworkMode: networks(flags).mode,
  PortBindings: flags.publish.length > 0 ? parsePublish(flags.publish).bindings : undefined,
  PublishAllPorts: flags['publish-all'] || undefined,
});

export function exposedPorts(flags: NetworkFlags): Record<string, Record<string, never>> | undefined {
  const ports = flags.expose.flatMap((entry) => entry.split(' '));
  const all = { ...Object.fromEntries(ports.map((port) => [port, {}])), ...parsePublish(flags.publish).exposed };
  return Object.keys(all).length > 0 ? all : undefined;
}
