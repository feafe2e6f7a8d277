import { existsSync, readFileSync } from 'node:fs';
import type { Deps } from '../../deps.js';
import { writeSmallFile } from '../../kernel/file.js';
import type { EngineFiles } from '../../runtime/spec-mounts.js';
import type { ContainerRecord } from '../../store/containers.js';
import { hasNameServer } from '../networks/names.js';
import { hostGateway } from '../networks/settings.js';
import { linkedHosts } from './links.js';
import { parseExtraHost } from './validate.js';

type FileDeps = Pick<Deps, 'addresses' | 'config' | 'containers' | 'networks'>;

/** Where a container finds the name server that knows the others in its networks. */
const NAME_SERVER = '127.0.0.11';

const HOSTS =
  '127.0.0.1\tlocalhost\n' +
  '::1\tlocalhost ip6-localhost ip6-loopback\n' +
  'fe00::\tip6-localnet\n' +
  'ff00::\tip6-mcastprefix\n' +
  'ff02::1\tip6-allnodes\n' +
  'ff02::2\tip6-allrouters\n';

/** A container's own names: with its domain, where it has one, and without. */
function ownNames({ Hostname = '', Domainname = '' }: ContainerRecord['config']): string {
  const full = Domainname ? `${Hostname}.${Domainname}` : (Hostname ?? '');
  const short = full.split('.', 1)[0]!;
  return short === full ? full : `${full} ${short}`;
}

/** /etc/hosts of a container. Every value has been checked to be one word: none can begin a line of its own. */
export function hostsFile(
  record: Pick<ContainerRecord, 'config' | 'endpoints' | 'hostConfig'>,
  gateways: readonly string[] = [],
  linked: readonly { address: string; names: string }[] = [],
): string {
  const extra = (record.hostConfig.ExtraHosts ?? []).map(parseExtraHost).flatMap(({ name, address }) => {
    return address === 'host-gateway' ? gateways.map((gateway) => ({ name, address: gateway })) : [{ name, address }];
  });
  const own = (record.endpoints ?? []).flatMap(({ place }) => [place?.ipv4, place?.ipv6].filter(Boolean));
  const names = ownNames(record.config);
  return (
    HOSTS +
    extra.map(({ name, address }) => `${address}\t${name}\n`).join('') +
    linked.map(({ address, names }) => `${address}\t${names}\n`).join('') +
    own.map((address) => `${address}\t${names}\n`).join('')
  );
}

/** What Docker puts where the host names no server that a container could reach. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];

const isLoopback = (line: string): boolean => /^nameserver\s+(127\.|::1\b)/.test(line);

/**
 * /etc/resolv.conf of a container: the host's, with what the request puts in place of each kind of line. A server on the host's
 * loopback is none for who has a loopback of his own. Who has a name server of ours asks that one alone, which asks the others.
 */
export function resolvConfFile(
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
  host: string,
  defaults: { dns: readonly string[]; dnsSearch: readonly string[]; dnsOptions: readonly string[] } = NO_DEFAULTS,
  nameServer?: string,
): string {
  const some = (given: readonly string[] | null | undefined, fallback: readonly string[]) =>
    given?.length ? given : fallback;
  const own = hostConfig.NetworkMode !== 'host';
  const lines = host
    .split('\n')
    .filter((line) => /^(nameserver|search|domain|options)\s/.test(line) && !(own && isLoopback(line)));
  const servers = nameServer ? [nameServer] : some(hostConfig.Dns, defaults.dns);
  const search = some(hostConfig.DnsSearch, defaults.dnsSearch);
  const given = some(hostConfig.DnsOptions, defaults.dnsOptions);
  const options = nameServer ? withDots(given.length ? given : optionsOf(lines)) : given;
  const none = own && servers.length === 0 && !lines.some((line) => line.startsWith('nameserver'));
  const replaced: [RegExp, string[]][] = [
    [/^nameserver\s/, (none ? FALLBACK : servers).map((server) => `nameserver ${server}`)],
    [/^(search|domain)\s/, search.length ? [`search ${search.join(' ')}`] : []],
    [/^options\s/, options.length ? [`options ${options.join(' ')}`] : []],
  ];
  const all = replaced.flatMap(([kind, by]) => (by.length > 0 ? by : lines.filter((line) => kind.test(line))));
  // "." alone: no search at all.
  return [...all, ''].filter((line) => line !== 'search .').join('\n');
}

const optionsOf = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => (line.startsWith('options') ? line.split(/\s+/).slice(1).filter(Boolean) : []));

/** A name of a container has no dot: it is asked for as it is, before any search list. */
const withDots = (options: readonly string[]): string[] =>
  options.some((option) => option.startsWith('ndots:')) ? [...options] : [...options, 'ndots:0'];

const NO_DEFAULTS = { dns: [], dnsSearch: [], dnsOptions: [] };

/** What systemd-resolved asks itself: it lets the host ask 127.0.0.53, which is nobody in a container. */
const BEHIND_RESOLVED = '/run/systemd/resolve/resolv.conf';

function hostResolvConf(): string {
  try {
    const text = readFileSync('/etc/resolv.conf', 'utf8');
    const servers = text.match(/^nameserver\s+\S+/gm) ?? [];
    const stub = servers.length === 1 && /127\.0\.0\.53$/.test(servers[0]!);
    return stub && existsSync(BEHIND_RESOLVED) ? readFileSync(BEHIND_RESOLVED, 'utf8') : text;
  } catch {
    return '';
  }
}

export const engineFiles = (dir: string): EngineFiles => ({
  hostname: `${dir}/hostname`,
  hosts: `${dir}/hosts`,
  resolvConf: `${dir}/resolv.conf`,
});

/** Writes /etc/hosts anew, also of a container that runs: it sees the same file. */
export function writeHosts(deps: FileDeps, dir: string, record: ContainerRecord): void {
  writeSmallFile(engineFiles(dir).hosts, hostsFile(record, hostGateway(deps), linkedHosts(deps, record)), 0o644);
}

/** Writes the files of the engine's own that are bound into the container. */
export function writeEngineFiles(deps: FileDeps, dir: string, record: ContainerRecord): void {
  const files = engineFiles(dir);
  writeSmallFile(files.hostname, `${record.config.Hostname}\n`, 0o644);
  writeHosts(deps, dir, record);
  writeSmallFile(files.resolvConf, resolvConfOf(deps, record), 0o644);
}

function resolvConfOf(deps: FileDeps, record: ContainerRecord): string {
  const nameServer = hasNameServer(deps, record) ? NAME_SERVER : undefined;
  return resolvConfFile(record, hostResolvConf(), deps.config.network, nameServer);
}

/**
 * Writes /etc/resolv.conf of a container that runs and has got a name server, whereas `before` had none. @returns false where it has been
 * changed by somebody, whose it stays, as in Docker
 */
export function writeNameServer(
  deps: FileDeps,
  dir: string,
  record: ContainerRecord,
  before: ContainerRecord,
): boolean {
  const file = engineFiles(dir).resolvConf;
  if (readFileSync(file, 'utf8') !== resolvConfOf(deps, before)) return false;
  writeSmallFile(file, resolvConfOf(deps, record), 0o644);
  return true;
}
