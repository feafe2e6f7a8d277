import { readFileSync } from 'node:fs';

/** What the user got wrong; the message is all there is to say about it. */
export class ConfigError extends Error {}

/** Flags and the configuration file, by one name each: that of daemon.json. */
export interface Settings {
  hosts?: string[];
  'data-root'?: string;
  'exec-root'?: string;
  pidfile?: string;
  group?: string;
  'log-level'?: string;
  debug?: boolean;
  labels?: string[];
  'log-driver'?: string;
  'log-opts'?: Record<string, string>;
  'insecure-registries'?: string[];
  'registry-mirrors'?: string[];
  /** Mirrors of any registry, by its name. */
  mirrors?: Record<string, string[]>;
  'max-concurrent-downloads'?: number;
  'max-concurrent-uploads'?: number;
  'max-download-attempts'?: number;
  'userns-remap'?: string;
  'userns-pool'?: string;
  'seccomp-profile'?: string;
  'no-new-privileges'?: boolean;
  bridge?: string;
  bip?: string;
  bip6?: string;
  'fixed-cidr'?: string;
  'fixed-cidr-v6'?: string;
  'default-gateway'?: string;
  'default-gateway-v6'?: string;
  mtu?: number;
  ipv6?: boolean;
  icc?: boolean;
  'ip-masq'?: boolean;
  'ip-forward'?: boolean;
  ip?: string;
  'firewall-backend'?: string;
  iptables?: boolean;
  ip6tables?: boolean;
  'userland-proxy'?: boolean;
  'userland-proxy-path'?: string;
  'default-address-pools'?: AddressPoolSetting[];
  'default-network-opts'?: Record<string, Record<string, string>>;
  'host-gateway-ip'?: string;
  dns?: string[];
  'dns-search'?: string[];
  'dns-opts'?: string[];
}

/** A range of addresses and the prefix of the networks that are cut from it. */
export interface AddressPoolSetting {
  base: string;
  size: number;
}

type Kind = 'string' | 'boolean' | 'strings' | 'map' | 'lists' | 'count' | 'integer' | 'pools' | 'maps';

/** What daemon.json may hold. */
const DIRECTIVES: Readonly<Record<keyof Settings, Kind>> = {
  hosts: 'strings',
  'data-root': 'string',
  'exec-root': 'string',
  pidfile: 'string',
  group: 'string',
  'log-level': 'string',
  debug: 'boolean',
  labels: 'strings',
  'log-driver': 'string',
  'log-opts': 'map',
  'insecure-registries': 'strings',
  'registry-mirrors': 'strings',
  mirrors: 'lists',
  'max-concurrent-downloads': 'count',
  'max-concurrent-uploads': 'count',
  'max-download-attempts': 'count',
  'userns-remap': 'string',
  'userns-pool': 'string',
  'seccomp-profile': 'string',
  'no-new-privileges': 'boolean',
  bridge: 'string',
  bip: 'string',
  bip6: 'string',
  'fixed-cidr': 'string',
  'fixed-cidr-v6': 'string',
  'default-gateway': 'string',
  'default-gateway-v6': 'string',
  mtu: 'integer',
  ipv6: 'boolean',
  icc: 'boolean',
  'ip-masq': 'boolean',
  'ip-forward': 'boolean',
  ip: 'string',
  'firewall-backend': 'string',
  iptables: 'boolean',
  ip6tables: 'boolean',
  'userland-proxy': 'boolean',
  'userland-proxy-path': 'string',
  'default-address-pools': 'pools',
  'default-network-opts': 'maps',
  'host-gateway-ip': 'string',
  dns: 'strings',
  'dns-search': 'strings',
  'dns-opts': 'strings',
};

const isString = (value: unknown): boolean => typeof value === 'string';
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString);
const isObjectOf = (value: unknown, each: (member: unknown) => boolean): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(each);

const isPool = (value: unknown): boolean =>
  isObjectOf(value, () => true) &&
  isString((value as AddressPoolSetting).base) &&
  Number.isInteger((value as AddressPoolSetting).size);

const matches: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: isString,
  boolean: (value) => typeof value === 'boolean',
  strings: isStrings,
  map: (value) => isObjectOf(value, isString),
  lists: (value) => isObjectOf(value, isStrings),
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  integer: (value) => Number.isInteger(value),
  pools: (value) => Array.isArray(value) && value.every((v) => isPool(v)),
  maps: (value) => isObjectOf(value, (v) => isObjectOf(v, isString)),
};

const DESCRIPTION: Readonly<Record<Kind, string>> = {
  string: 'a string',
  boolean: 'true or false',
  strings: 'a list of strings',
  map: 'an object of strings',
  lists: 'an object of lists of strings',
  count: 'a number of at least 1',
  integer: 'a whole number',
  pools: 'a list of objects with "base" and "size"',
  maps: 'an object of objects of strings',
};

/**
 * Reads daemon.json. The default one need not be there, one that was asked for must be.
 * @throws ConfigError naming the file and what is wrong in it
 */
export function readConfigFile(path: string, required: boolean): Settings {
  const fail = (what: string) => new ConfigError(`unable to configure the daemon with file ${path}: ${what}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return {};
    throw fail(code === 'ENOENT' ? 'no such file' : message);
  }
  if (text.trim() === '') return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw fail('it must hold one JSON object');
  const unknown = Object.keys(json).filter((name) => !Object.hasOwn(DIRECTIVES, name));
  if (unknown.length > 0) {
    throw fail(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  }
  for (const [name, value] of Object.entries(json)) {
    const kind = DIRECTIVES[name as keyof Settings];
    if (!matches[kind](value)) throw fail(`${name} must be ${DESCRIPTION[kind]}`);
  }
  return json as Settings;
}
