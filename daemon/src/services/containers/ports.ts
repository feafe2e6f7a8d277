import { isIP } from 'node:net';
import type { PortMap } from '@tinydocker/shared/api/common.js';
import type { ContainerConfig, HostConfig, Port } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Protocol } from '../../network/firewall-plan.js';
import type { PortRequest, PublishedPort } from '../../network/ports.js';
import type { ContainerRecord } from '../../store/containers.js';
import { hasProcess } from './wait.js';

/* Ports as the API says them: `80/tcp` of a container, and where on the host they are published. */

const HIGHEST = 65535;

/** `80`, `80/tcp`. @throws EngineError invalid */
export function parsePort(text: string): { port: number; protocol: Protocol } {
  const [, digits, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > HIGHEST)
    throw invalid(`invalid port specification: "${text.split('/', 1)[0]}"`);
  return { port, protocol: protocol.toLowerCase() as Protocol };
}

/** `80/tcp` */
export const portKey = ({ port, protocol }: { port: number; protocol: Protocol }): string => `${port}/${protocol}`;

/** ``, `8080`, `8000-8010`: which ports of the host will do. @throws EngineError invalid */
function parseHostPort(text: string): Pick<PortRequest, 'hostPort' | 'lastHostPort'> {
  if (text === '') return { hostPort: 0, lastHostPort: 0 };
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [hostPort, lastHostPort] = [Number(from), Number(to)];
  if (from === undefined || hostPort > HIGHEST || lastHostPort > HIGHEST || lastHostPort < hostPort) {
    throw invalid(`invalid port specification: "${text}"`);
  }
  return { hostPort, lastHostPort };
}

function parseHostIp(text: string): string {
  const ip = text.replace(/^\[(.*)\]$/, '$1');
  if (ip !== '' && (isIP(ip) === 0 || ip.includes('%'))) throw invalid(`invalid IP address: ${text}`);
  return ip;
}

type Ported = Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>;

/**
 * What a container asks to have published, in the order of its ports.
 * @param hostIp where bindings are that name no address of the host; '' for all addresses
 * @throws EngineError invalid
 */
export function portRequests(config: ContainerConfig, hostConfig: Ported, hostIp = ''): PortRequest[] {
  const bindings = Object.entries(hostConfig.PortBindings ?? {}).flatMap(([key, list]) => {
    const { port, protocol } = parsePort(key);
    return (list ?? []).map((binding) => ({
      port,
      protocol,
      hostIp: parseHostIp(binding.HostIp ?? '') || hostIp,
      ...parseHostPort(binding.HostPort ?? ''),
    }));
  });
  const bound = new Set(bindings.map(portKey));
  const exposed = hostConfig.PublishAllPorts ? Object.keys(config.ExposedPorts ?? {}).map(parsePort) : [];
  const rest = exposed
    .filter((port) => !bound.has(portKey(port)))
    .map((port) => ({ ...port, hostIp, hostPort: 0, lastHostPort: 0 }));
  return [...bindings, ...rest].sort(byPort);
}

const byPort = (a: { port: number; protocol: string }, b: { port: number; protocol: string }): number =>
  a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0);

/** Bindings in the one form in which they are kept. @throws EngineError invalid */
export function normalizeBindings(bindings: PortMap): PortMap {
  const normal: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const [key, list] of Object.entries(bindings)) {
    const port = parsePort(key);
    const all = (list ?? []).map(({ HostIp = '', HostPort = '' }) => {
      parseHostPort(HostPort);
      return { HostIp: parseHostIp(HostIp), HostPort };
    });
    const name = portKey(port);
    normal[name] = [...(normal[name] ?? []), ...all];
  }
  return normal;
}

/** Ports that the container serves, in the one form in which they are kept. @throws EngineError invalid */
export const normalizeExposed = (exposed: ContainerConfig['ExposedPorts']): Record<string, Record<string, never>> =>
  Object.fromEntries(Object.keys(exposed ?? {}).map((key) => [portKey(parsePort(key)), {}]));

/** What is said of ports that nothing comes of. */
export const portWarnings = ({ NetworkMode, PortBindings }: HostConfig): string[] =>
  NetworkMode === 'host' && Object.keys(PortBindings ?? {}).length > 0
    ? ['Published ports are discarded when using host network mode']
    : [];

/** What a running container has published. */
export const publishedPorts = ({ state }: ContainerRecord): readonly PublishedPort[] => state.published?.ports ?? [];

/** The ports that a container serves, by what it was told. */
const served = ({ config, hostConfig }: ContainerRecord): string[] => [
  ...new Set([...Object.keys(config.ExposedPorts ?? {}), ...Object.keys(hostConfig.PortBindings ?? {})]),
];

/** Whether it runs, in a network that the host leads to: one with a bridge. */
const hasPorts = (record: ContainerRecord): boolean =>
  hasProcess(record) && (record.endpoints ?? []).some(({ place }) => place?.host);

/** NetworkSettings.Ports of inspect: of a container that does not run, nothing. */
export function portMap(record: ContainerRecord): PortMap {
  if (!hasPorts(record)) return {};
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const key of served(record)) map[key] = null;
  for (const published of publishedPorts(record)) {
    const key = portKey(published);
    const bindings = map[key] ?? [];
    bindings.push({ HostIp: published.hostIp, HostPort: String(published.hostPort) });
    map[key] = bindings;
  }
  return map;
}

/** Ports of the list. */
export function portList(record: ContainerRecord): Port[] {
  if (!hasPorts(record)) return [];
  const published = publishedPorts(record);
  const known = new Set(published.map(portKey));
  return [
    ...published.map(({ hostIp, hostPort, port, protocol }) => ({
      IP: hostIp,
      PrivatePort: port,
      PublicPort: hostPort,
      Type: protocol,
    })),
    ...served(record)
      .filter((key) => !known.has(key))
      .map(parsePort)
      .sort(byPort)
      .map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol })),
  ];
}
