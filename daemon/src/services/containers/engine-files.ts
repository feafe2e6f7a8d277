import { readFileSync } from 'node:fs';
import { writeSmallFile } from '../../kernel/file.js';
import type { EngineFiles } from '../../runtime/spec-mounts.js';
import type { ContainerRecord } from '../../store/containers.js';
import { parseExtraHost } from './validate.js';

const HOSTS =
  '127.0.0.1\tlocalhost\n' +
  '::1\tlocalhost ip6-localhost ip6-loopback\n' +
  'fe00::\tip6-localnet\n' +
  'ff00::\tip6-mcastprefix\n' +
  'ff02::1\tip6-allnodes\n' +
  'ff02::2\tip6-allrouters\n';

/** /etc/hosts of a container. Every value has been checked to be one word: none can begin a line of its own. */
export function hostsFile({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): string {
  const extra = (hostConfig.ExtraHosts ?? []).map(parseExtraHost);
  return HOSTS + extra.map(({ name, address }) => `${address}\t${name}\n`).join('');
}

/** /etc/resolv.conf of a container: the host's, with what the request puts in place of each kind of line. */
export function resolvConfFile({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>, host: string): string {
  const lines = host.split('\n').filter((line) => /^(nameserver|search|domain|options)\s/.test(line));
  const replaced: [RegExp, string[]][] = [
    [/^nameserver\s/, (hostConfig.Dns ?? []).map((server) => `nameserver ${server}`)],
    [/^(search|domain)\s/, hostConfig.DnsSearch?.length ? [`search ${hostConfig.DnsSearch.join(' ')}`] : []],
    [/^options\s/, hostConfig.DnsOptions?.length ? [`options ${hostConfig.DnsOptions.join(' ')}`] : []],
  ];
  const kept = lines.filter((line) => !replaced.some(([kind, by]) => by.length > 0 && kind.test(line)));
  return [...kept, ...replaced.flatMap(([, by]) => by), ''].join('\n');
}

function hostResolvConf(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}

export const engineFiles = (dir: string): EngineFiles => ({
  hostname: `${dir}/hostname`,
  hosts: `${dir}/hosts`,
  resolvConf: `${dir}/resolv.conf`,
});

/** Writes the files of the engine's own that are bound into the container. */
export function writeEngineFiles(dir: string, record: ContainerRecord): void {
  const files = engineFiles(dir);
  writeSmallFile(files.hostname, `${record.config.Hostname}\n`, 0o644);
  writeSmallFile(files.hosts, hostsFile(record), 0o644);
  writeSmallFile(files.resolvConf, resolvConfFile(record, hostResolvConf()), 0o644);
}
