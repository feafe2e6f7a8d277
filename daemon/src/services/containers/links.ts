import { posix } from 'node:path';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError, invalid, notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { isWord } from '../../lib/word.js';
import type { ContainerRecord } from '../../store/containers.js';
import { isReserved } from '../networks/built-in.js';
import { containerOf } from './shared-namespaces.js';
import { hasProcess } from './wait.js';

/*
 * Links of the default network (--link other:alias), whose containers have no name server: one finds the other by a line in /etc/hosts and
 * by variables. Stored in HostConfig.Links as `<id of the other>:<alias>`, so that a rename changes nothing. In other networks a link is an
 * alias that the name server knows (services/networks/names.ts).
 */

const DEFAULT_NETWORK = 'bridge';

type LinkDeps = Pick<Deps, 'containers'>;

/** Another container, and what one calls it. */
export interface Link {
  readonly other: ContainerRecord;
  readonly alias: string;
}

/** `other`, `other:alias`, or `/other:/self/alias`, as inspect shows it. @throws EngineError, in Docker's words and with its status */
export function parseLink(link: string): { name: string; alias: string } {
  if (link === '') throw new EngineError('system', 'empty string specified for links');
  const [name = '', alias = name, ...rest] = link.split(':');
  if (rest.length > 0) throw new EngineError('system', `bad format for links: ${link}`);
  const parsed = name.startsWith('/') ? { name: name.slice(1), alias: posix.basename(alias) } : { name, alias };
  // It becomes a word of a line in /etc/hosts, and the last part of a name.
  if (!isWord(parsed.alias) || parsed.alias.includes('/'))
    throw invalid(`invalid alias in link: ${JSON.stringify(link)}`);
  return parsed;
}

/** The container that a link is to: of one that lives in the network of another, that one. @throws EngineError invalid */
function targetOf(deps: LinkDeps, name: string): ContainerRecord {
  try {
    const seen = new Set<string>();
    let target = deps.containers.resolve(name);
    // Who joins whose network may have been said before the other was there: a circle is possible, and ends here.
    for (
      let next = containerOf(target.hostConfig.NetworkMode);
      next !== undefined && !seen.has(target.id);
      next = containerOf(target.hostConfig.NetworkMode)
    ) {
      seen.add(target.id);
      target = deps.containers.resolve(next);
    }
    return target;
  } catch (error) {
    // Not "not found": clients take that for the image.
    throw invalid(`could not get container for ${name}: ${(error as Error).message}`);
  }
}

const WITH_HOST =
  "conflicting options: host type networking can't be used with links. This would result in undefined behavior";

/** The links of a new container in the form in which they are stored. @throws EngineError invalid, system */
export function resolveLinks(deps: LinkDeps, { Links, NetworkMode }: HostConfig): Pick<HostConfig, 'Links'> {
  if (!Links?.length) return { Links: null };
  if (NetworkMode === 'host') throw invalid(WITH_HOST);
  const parsed = Links.map(parseLink);
  if (!isReserved(NetworkMode ?? 'default')) return { Links };
  const links = new Map<string, string>();
  for (const { name, alias } of parsed) {
    const target = targetOf(deps, name);
    if (target.hostConfig.NetworkMode === 'host') throw invalid(WITH_HOST);
    if (!links.has(alias)) links.set(alias, target.id);
  }
  return { Links: [...links].map(([alias, id]) => `${id}:${alias}`) };
}

const hasLinks = ({ hostConfig }: ContainerRecord): boolean =>
  (hostConfig.Links?.length ?? 0) > 0 && isReserved(hostConfig.NetworkMode ?? 'default');

/** The links of a container to others that are still there. */
export function linksOf(deps: LinkDeps, record: ContainerRecord): Link[] {
  if (!hasLinks(record)) return [];
  return (record.hostConfig.Links ?? []).flatMap((link) => {
    const [id = '', alias = ''] = link.split(':');
    const other = deps.containers.get(id);
    return other ? [{ other, alias }] : [];
  });
}

/** The links as inspect shows them. */
export function shownLinks(deps: LinkDeps, record: ContainerRecord): string[] | null {
  const links = linksOf(deps, record).map(({ other, alias }) => `/${other.name}:/${record.name}/${alias}`);
  return links.length > 0 ? links : null;
}

/** By id, the names that containers have by the links of others: `/self/alias`. */
export function linkNames(deps: LinkDeps): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const record of deps.containers.list()) {
    for (const { other, alias } of linksOf(deps, record)) {
      names.set(other.id, [...(names.get(other.id) ?? []), `/${record.name}/${alias}`]);
    }
  }
  return names;
}

const placeIn = (record: ContainerRecord) =>
  record.endpoints?.find(({ network }) => network === DEFAULT_NETWORK)?.place;

const inDefaultNetwork = (record: ContainerRecord): boolean =>
  (record.endpoints ?? []).some(({ network }) => network === DEFAULT_NETWORK);

/** The containers that run, are in the default network and have links to this one. */
export function linkedTo(deps: LinkDeps, record: ContainerRecord): ContainerRecord[] {
  if (!placeIn(record)) return [];
  return deps.containers
    .list()
    .filter(
      (each) =>
        hasLinks(each) &&
        hasProcess(each) &&
        placeIn(each) &&
        linksOf(deps, each).some(({ other }) => other.id === record.id),
    );
}

/** Lines of /etc/hosts for the others that run: alias, host name, name. */
export function linkedHosts(deps: LinkDeps, record: ContainerRecord): { address: string; names: string }[] {
  if (!inDefaultNetwork(record)) return [];
  return linksOf(deps, record).flatMap(({ other, alias }) => {
    const place = hasProcess(other) ? placeIn(other) : undefined;
    const names = [...new Set([alias, other.config.Hostname ?? '', other.name])].filter(Boolean).join(' ');
    return [place?.ipv4, place?.ipv6].flatMap((address) => (address ? [{ address, names }] : []));
  });
}

/** A port that a container exposes. */
interface Exposed {
  readonly number: number;
  readonly protocol: string;
}

/** TCP first, then by number, as Docker has it. */
function exposedPorts({ config }: ContainerRecord): Exposed[] {
  const ports = Object.keys(config.ExposedPorts ?? {}).map((port) => {
    const [number = '', protocol = 'tcp'] = port.split('/');
    return { number: Number(number), protocol };
  });
  const rank = ({ protocol }: Exposed) => (protocol === 'tcp' ? 0 : 1);
  return ports.sort((a, b) => rank(a) - rank(b) || a.protocol.localeCompare(b.protocol) || a.number - b.number);
}

/** Runs of two and more ports one after the other. */
function portRanges(ports: readonly Exposed[]): [first: Exposed, last: Exposed][] {
  const ranges: [Exposed, Exposed][] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last?.[1].protocol === port.protocol && last[1].number + 1 === port.number) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges.filter(([first, last]) => first !== last);
}

/** The variables that say where one container is. */
function variablesOf(record: ContainerRecord, { other, alias }: Link, address: string): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = exposedPorts(other);
  const url = ({ number, protocol }: Exposed) => `${protocol}://${address}:${number}`;
  const name = ({ number, protocol }: Exposed) => `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;
  const own = (other.config.Env ?? []).filter((entry) => entry.includes('=') && !/^(HOME|PATH)=/.test(entry));
  return [
    ...ports.slice(0, 1).map((port) => `${prefix}_PORT=${url(port)}`),
    ...ports.flatMap((port) => [
      `${name(port)}=${url(port)}`,
      `${name(port)}_ADDR=${address}`,
      `${name(port)}_PORT=${port.number}`,
      `${name(port)}_PROTO=${port.protocol}`,
    ]),
    ...portRanges(ports).flatMap(([first, last]) => [
      `${name(first)}_START=${url(first)}`,
      `${name(first)}_PORT_START=${first.number}`,
      `${name(first)}_END=${url(last)}`,
      `${name(first)}_PORT_END=${last.number}`,
    ]),
    `${prefix}_NAME=/${record.name}/${alias}`,
    ...own.map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

/** Whether a container may be started. @throws EngineError system: one that it is linked to does not run, or is not in the default network */
export function checkLinks(deps: LinkDeps, record: ContainerRecord): void {
  if (!inDefaultNetwork(record)) return;
  for (const { other, alias } of linksOf(deps, record)) {
    if (!hasProcess(other)) {
      const names = `/${other.name} AS /${record.name}/${alias}`;
      throw new EngineError('system', `Cannot link to a non running container: ${names}`);
    }
    if (!placeIn(other))
      throw new EngineError('system', `container ${other.id} not attached to default bridge network`);
  }
}

/** The variables of all links of a container to others that run, for its first process and for execs. */
export function linkEnv(deps: LinkDeps, record: ContainerRecord): string[] {
  if (!inDefaultNetwork(record)) return [];
  return linksOf(deps, record).flatMap((link) => {
    const place = hasProcess(link.other) ? placeIn(link.other) : undefined;
    return place ? variablesOf(record, link, place.ipv4) : [];
  });
}

/**
 * Takes a link away by the name that it gives: `self/alias`. The containers stay.
 * @returns the container that had the link
 * @throws EngineError not-found; system: a container's own name, as in Docker
 */
export function removeLink(deps: LinkDeps, name: string): ContainerRecord {
  const [self = '', alias] = name.replace(/^\//, '').split('/');
  if (alias === undefined) {
    deps.containers.resolve(name);
    throw new EngineError('system', 'Conflict, cannot remove the default link name of the container');
  }
  const record = deps.containers.byName(self);
  const link = record && linksOf(deps, record).find((each) => each.alias === alias);
  if (!link) throw notFound(`No such container: ${name}`);
  const left = (record.hostConfig.Links ?? []).filter((each) => each !== `${link.other.id}:${alias}`);
  return deps.containers.setHostConfig(record.id, { ...record.hostConfig, Links: left.length > 0 ? left : null });
}
