import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, readConfigFile, type Settings } from './config-file.js';
import { parseFlags } from './config-flags.js';
import { type NetworkConfig, resolveNetworkConfig } from './config-network.js';
import { registriesOf } from './config-registries.js';
import type { RegistrySettings } from './image/registry/endpoints.js';

/** What the daemon was told: flags and daemon.json together, with the defaults. */
export interface Config {
  /** Where to listen: `unix:///path` or `fd://` for sockets from the service manager. */
  hosts: string[];
  /** Whether `hosts` is the default, which sockets from the service manager replace. */
  defaultHosts: boolean;
  /** What lasts. */
  dataRoot: string;
  /** What ends with the machine: bundles, control sockets. */
  execRoot: string;
  pidfile: string;
  /** Group that may use the socket, by name or number. */
  group: string;
  /** Whether `group` is the default, which need not exist. */
  defaultGroup: boolean;
  configFile: string;
  logLevel: LogLevel;
  debug: boolean;
  /** Labels of the daemon itself, shown by `info`. */
  labels: string[];
  /** Of containers that ask for no log driver. */
  logDriver: string;
  logOptions: Readonly<Record<string, string>>;
  registries: RegistrySettings;
  /** Whose subordinate ids containers have that ask for nothing: `default`, `auto`, user[:group] or uid[:gid]; '' is the host's. */
  usernsRemap: string;
  /** Where `--userns auto` takes its ranges from. */
  usernsPool: string;
  /** Of containers that ask for none: builtin, unconfined, or what is in the file that was named. */
  seccompProfile: string;
  /** How `info` calls it: builtin, unconfined or the file's path. */
  seccompProfileName: string;
  /** Whether processes of containers that do not say otherwise can gain privileges by what they execute. */
  noNewPrivileges: boolean;
  readonly network: NetworkConfig;
  /** Images to fill an empty store with. */
  imagesDir: string;
  /** Names everything that this daemon makes in the kernel: several daemons share one machine. */
  instance: string;
  /** Cgroup below which containers get theirs, from the root of every hierarchy. */
  cgroupParent: string;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_HOST = 'unix:///run/tinydocker.sock';
const DEFAULT_DATA_ROOT = '/var/lib/tinydocker';
const DEFAULT_EXEC_ROOT = '/run/tinydocker';
const DEFAULT_CONFIG_FILE = '/etc/tinydocker/daemon.json';
const DEFAULT_POOL = 'tinydocker-auto';
const DEFAULT_GROUP = 'tinydocker';

/**
 * The configuration from the command line and the file it names.
 * @throws ConfigError with one sentence for the user
 */
export function loadConfig(argv: readonly string[]): Config {
  const { settings: flags, configFile } = parseFlags(argv);
  const file = readConfigFile(configFile ?? DEFAULT_CONFIG_FILE, configFile !== undefined);
  refuseDuplicates(flags, file);
  return resolveConfig({ ...file, ...flags }, configFile ?? DEFAULT_CONFIG_FILE);
}

/** dockerd refuses what is said in both places rather than choose. */
function refuseDuplicates(flags: Settings, file: Settings): void {
  const show = (value: unknown) =>
    Array.isArray(value) ? `[${value.join(' ')}]` : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const both = Object.keys(flags).filter((name) => name in file) as (keyof Settings)[];
  if (both.length === 0) return;
  const conflicts = both.map((name) => `${name}: (from flag: ${show(flags[name])}, from file: ${show(file[name])})`);
  throw new ConfigError(
    `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`,
  );
}

function resolveConfig(settings: Settings, configFile: string): Config {
  const logLevel = settings['log-level'] ?? 'info';
  if (!(LOG_LEVELS as readonly string[]).includes(logLevel)) {
    throw new ConfigError(`invalid logging level: ${logLevel} (use ${LOG_LEVELS.join(', ')})`);
  }
  for (const label of settings.labels ?? []) {
    if (!/^[^=]+=/.test(label)) throw new ConfigError(`bad label: ${label} (write name=value)`);
  }
  const dataRoot = resolve(settings['data-root'] ?? DEFAULT_DATA_ROOT);
  const execRoot = resolve(settings['exec-root'] ?? DEFAULT_EXEC_ROOT);
  if (dataRoot === execRoot)
    throw new ConfigError(`data root and exec root are both ${dataRoot}: choose two directories`);
  const instance = instanceName(dataRoot);
  return {
    hosts: (settings.hosts?.length ? settings.hosts : [DEFAULT_HOST]).map(readHost),
    defaultHosts: !settings.hosts?.length,
    dataRoot,
    execRoot,
    pidfile: resolve(settings.pidfile ?? `${execRoot}.pid`),
    group: settings.group ?? DEFAULT_GROUP,
    defaultGroup: settings.group === undefined,
    configFile,
    logLevel: settings.debug ? 'debug' : (logLevel as LogLevel),
    debug: settings.debug ?? logLevel === 'debug',
    labels: settings.labels ?? [],
    logDriver: settings['log-driver'] || 'json-file',
    logOptions: settings['log-opts'] ?? {},
    registries: registriesOf(settings),
    usernsRemap: settings['userns-remap'] ?? '',
    usernsPool: settings['userns-pool'] || DEFAULT_POOL,
    ...readSeccompProfile(settings['seccomp-profile']),
    noNewPrivileges: settings['no-new-privileges'] ?? false,
    network: resolveNetworkConfig(settings, instance, instance === DEFAULT_INSTANCE),
    imagesDir: findImages(),
    instance,
    cgroupParent: `/${instance}`,
  };
}

/** A file is read once: what containers get later is what was checked now. */
function readSeccompProfile(given = 'builtin'): Pick<Config, 'seccompProfile' | 'seccompProfileName'> {
  if (given === '' || given === 'builtin' || given === 'unconfined')
    return { seccompProfile: given || 'builtin', seccompProfileName: given || 'builtin' };
  const path = resolve(given);
  try {
    return { seccompProfile: readFileSync(path, 'utf8'), seccompProfileName: path };
  } catch (error) {
    throw new ConfigError(`opening seccomp profile (${given}) failed: ${(error as Error).message}`);
  }
}
const DEFAULT_INSTANCE = 'tinydocker';

const instanceName = (dataRoot: string): string =>
  dataRoot === DEFAULT_DATA_ROOT
    ? DEFAULT_INSTANCE
    : `tinydocker-${createHash('sha256').update(dataRoot).digest('hex').slice(0, 8)}`;

/** `unix:///path`, a bare absolute path, or `fd://`. */
function readHost(host: string): string {
  if (host === 'fd://' || host === 'fd://*') return 'fd://';
  if (host.startsWith('/')) return `unix://${host}`;
  if (/^unix:\/\/\/./.test(host)) return host;
  throw new ConfigError(`cannot listen on ${host}: use unix:///absolute/path or fd://`);
}

/** Where the shipped images are: in the source tree, or where they are installed. */
function findImages(): string {
  if (process.env.TINYDOCKER_IMAGES) return resolve(process.env.TINYDOCKER_IMAGES);
  const source = join(fileURLToPath(import.meta.url), '../../../images');
  return existsSync(source) ? source : '/usr/local/share/tinydocker/images';
}
