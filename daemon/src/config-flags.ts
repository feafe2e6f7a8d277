import { parseArgs } from 'node:util';
import { type AddressPoolSetting, ConfigError, type Settings } from './config-file.js';

const OPTIONS = {
  host: { type: 'string', short: 'H', multiple: true },
  'data-root': { type: 'string' },
  'exec-root': { type: 'string' },
  pidfile: { type: 'string', short: 'p' },
  group: { type: 'string', short: 'G' },
  'config-file': { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  label: { type: 'string', multiple: true },
  'insecure-registry': { type: 'string', multiple: true },
  'log-driver': { type: 'string' },
  'log-opt': { type: 'string', multiple: true },
  'max-concurrent-downloads': { type: 'string' },
  'max-concurrent-uploads': { type: 'string' },
  'max-download-attempts': { type: 'string' },
  'registry-mirror': { type: 'string', multiple: true },
  'userns-remap': { type: 'string' },
  'userns-pool': { type: 'string' },
  'seccomp-profile': { type: 'string' },
  'no-new-privileges': { type: 'boolean' },
  debug: { type: 'boolean', short: 'D' },
  bridge: { type: 'string', short: 'b' },
  bip: { type: 'string' },
  bip6: { type: 'string' },
  'fixed-cidr': { type: 'string' },
  'fixed-cidr-v6': { type: 'string' },
  'default-gateway': { type: 'string' },
  'default-gateway-v6': { type: 'string' },
  mtu: { type: 'string' },
  ipv6: { type: 'string' },
  icc: { type: 'string' },
  'ip-masq': { type: 'string' },
  'ip-forward': { type: 'string' },
  ip: { type: 'string' },
  'firewall-backend': { type: 'string' },
  iptables: { type: 'string' },
  ip6tables: { type: 'string' },
  'userland-proxy': { type: 'string' },
  'userland-proxy-path': { type: 'string' },
  'default-address-pool': { type: 'string', multiple: true },
  'default-network-opt': { type: 'string', multiple: true },
  'host-gateway-ip': { type: 'string' },
  dns: { type: 'string', multiple: true },
  'dns-search': { type: 'string', multiple: true },
  'dns-opt': { type: 'string', multiple: true },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const USAGE = `Usage: tinydockerd [OPTIONS]

A container engine that speaks the Docker Engine API.

Options:
      --bip string           Address of the default bridge, with its prefix: 172.17.0.1/16
      --bip6 string          The same of IPv6
  -b, --bridge string        Interface of the default network, or none (default "tinydocker0")
      --config-file string   Configuration file (default "/etc/tinydocker/daemon.json")
      --data-root string     Directory of what lasts: images, containers (default "/var/lib/tinydocker")
  -D, --debug                Log everything
      --default-address-pool list
                             Range for networks that ask for no subnet: base=172.30.0.0/16,size=24
      --default-gateway string
                             Gateway of containers in the default network, and of IPv6:
      --default-gateway-v6 string
      --default-network-opt list
                             Option of new networks: DRIVER=name=value
      --dns list             Name server of containers; --dns-search, --dns-opt: the other lines of resolv.conf
      --exec-root string     Directory of what runs: bundles, control sockets (default "/run/tinydocker")
      --fixed-cidr string    Part of the default network that containers get addresses of
      --fixed-cidr-v6 string The same of IPv6
      --firewall-backend string
                             nftables or iptables (default: nftables, unless iptables' FORWARD drops)
  -G, --group string         Group that may use the socket (default "tinydocker")
  -h, --help                 Show this
  -H, --host list            Socket to listen on: unix:///path or fd:// (default "unix:///run/tinydocker.sock")
      --insecure-registry list
                             Registry, or network of registries, that needs no TLS
      --host-gateway-ip string
                             What host-gateway in --add-host means (default: the bridge's address)
      --icc=false            Containers in the default network do not reach each other
      --ip string            Address of the host for published ports that name none (default: all)
      --ip-forward=false     Leave forwarding as it is
      --ip-masq=false        Containers in the default network show their own addresses
      --ip6tables=false      No rules for IPv6
      --iptables=false       No rules at all: networks are not kept apart, ports cannot be published
      --ipv6                 Give the default network IPv6
      --label list           Label of the daemon, name=value
      --log-driver string    Log driver of containers that ask for none (default "json-file")
  -l, --log-level string     debug, info, warn, error or fatal (default "info")
      --log-opt map          Option of that log driver, name=value
      --max-concurrent-downloads int
                             Layers of an image that are pulled at a time (default 3)
      --max-concurrent-uploads int
                             Layers of an image that are pushed at a time (default 5)
      --max-download-attempts int
                             How often a layer is tried without a step forward (default 5)
      --no-new-privileges    Keep containers from gaining privileges by what they execute, unless they say otherwise
      --mtu int              MTU of the default network (default 1500)
  -p, --pidfile string       File for the daemon's process id (default: the exec root with .pid after it)
      --registry-mirror list URL that is asked before Docker Hub
      --seccomp-profile string
                             Profile of containers that ask for none: a file, "builtin" or "unconfined" (default "builtin")
      --userns-pool string   Where --userns auto takes ids from: name in /etc/subuid, or START:COUNT (default "tinydocker-auto")
      --userns-remap string  User namespace of containers: default, auto, user[:group] or uid[:gid] (default: the host's)
  -v, --version              Show the version
`;

/** What the command line says, in the names of daemon.json. */
export interface Flags {
  settings: Settings;
  configFile: string | undefined;
}

/**
 * Reads the command line. `--help` and `--version` come first, whatever else is there.
 * @throws ConfigError with one sentence for the user
 */
export function parseFlags(argv: readonly string[]): Flags {
  const { values } = parse(argv);
  const settings: Settings = {};
  if (values.host) settings.hosts = values.host;
  if (values['data-root'] !== undefined) settings['data-root'] = values['data-root'];
  if (values['exec-root'] !== undefined) settings['exec-root'] = values['exec-root'];
  if (values.pidfile !== undefined) settings.pidfile = values.pidfile;
  if (values.group !== undefined) settings.group = values.group;
  if (values['log-level'] !== undefined) settings['log-level'] = values['log-level'];
  if (values.label) settings.labels = values.label;
  if (values['log-driver'] !== undefined) settings['log-driver'] = values['log-driver'];
  if (values['log-opt']) settings['log-opts'] = pairs(values['log-opt']);
  if (values['insecure-registry']) settings['insecure-registries'] = values['insecure-registry'];
  if (values['registry-mirror']) settings['registry-mirrors'] = values['registry-mirror'];
  for (const name of ['max-concurrent-downloads', 'max-concurrent-uploads', 'max-download-attempts'] as const) {
    const text = values[name];
    if (text !== undefined) settings[name] = count(name, text);
  }
  if (values['userns-remap'] !== undefined) settings['userns-remap'] = values['userns-remap'];
  if (values['userns-pool'] !== undefined) settings['userns-pool'] = values['userns-pool'];
  if (values['seccomp-profile'] !== undefined) settings['seccomp-profile'] = values['seccomp-profile'];
  if (values['no-new-privileges'] !== undefined) settings['no-new-privileges'] = values['no-new-privileges'];
  if (values.debug !== undefined) settings.debug = values.debug;
  Object.assign(settings, networkSettings(values));
  return { settings, configFile: values['config-file'] };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new ConfigError(`invalid value ${text} for --${name}: it must be at least 1`);
  return Number(text);
}

const SAME = ['bridge', 'bip', 'bip6', 'fixed-cidr', 'fixed-cidr-v6', 'default-gateway', 'default-gateway-v6'] as const;
const SWITCHES = ['ipv6', 'icc', 'ip-masq', 'ip-forward', 'iptables', 'ip6tables', 'userland-proxy'] as const;

function networkSettings(values: ReturnType<typeof parse>['values']): Settings {
  const settings: Settings = {};
  for (const name of [...SAME, 'host-gateway-ip', 'ip', 'firewall-backend', 'userland-proxy-path'] as const)
    if (values[name] !== undefined) settings[name] = values[name];
  for (const name of SWITCHES) if (values[name] !== undefined) settings[name] = readSwitch(name, values[name]);
  if (values.mtu !== undefined) settings.mtu = readNumber('mtu', values.mtu);
  if (values['default-address-pool']) settings['default-address-pools'] = values['default-address-pool'].map(readPool);
  if (values['default-network-opt'])
    settings['default-network-opts'] = readNetworkOptions(values['default-network-opt']);
  if (values.dns) settings.dns = values.dns;
  if (values['dns-search']) settings['dns-search'] = values['dns-search'];
  if (values['dns-opt']) settings['dns-opts'] = values['dns-opt'];
  return settings;
}

function readSwitch(name: string, text: string): boolean {
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(text)) return true;
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(text)) return false;
  throw new ConfigError(`invalid argument "${text}" for flag --${name}: write true or false`);
}

function readNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new ConfigError(`invalid argument "${text}" for flag --${name}: write a whole number`);
  return Number(text);
}

/** base=172.30.0.0/16,size=24 */
function readPool(text: string): AddressPoolSetting {
  const [, base, size] = /^base=([^,]+),size=(\d+)$/.exec(text) ?? [];
  if (!base) throw new ConfigError(`invalid address pool: ${text} (write base=172.30.0.0/16,size=24)`);
  return { base, size: Number(size) };
}

/** bridge=com.docker.network.driver.mtu=1400 */
function readNetworkOptions(given: readonly string[]): Record<string, Record<string, string>> {
  const options: Record<string, Record<string, string>> = {};
  for (const text of given) {
    const [, driver, name, value] = /^([^=]+)=([^=]+)=(.*)$/.exec(text) ?? [];
    if (!driver) throw new ConfigError(`invalid network option: ${text} (write DRIVER=name=value)`);
    options[driver] = { ...options[driver], [name!]: value! };
  }
  return options;
}

/** Flags that are on where nothing is behind them: `--ipv6`. */
const bare = (argv: readonly string[]): string[] =>
  argv.map((word) =>
    (SWITCHES as readonly string[]).includes(word.slice(2)) && word.startsWith('--') ? `${word}=true` : word,
  );

/** name=value, each. */
function pairs(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new ConfigError(`invalid log option: ${text} (write name=value)`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** `help` or `version` where the command line asks for one of them. */
export function asksFor(argv: readonly string[]): 'help' | 'version' | undefined {
  const { values } = parse(argv);
  return values.help ? 'help' : values.version ? 'version' : undefined;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: bare(argv), options: OPTIONS, allowPositionals: false });
  } catch (error) {
    throw new ConfigError(explain(error as NodeJS.ErrnoException));
  }
}

/** parseArgs speaks to programmers; this is what it means for the one who typed it. */
function explain(error: NodeJS.ErrnoException): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const see = 'see "tinydockerd --help"';
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `unknown flag: ${quoted}; ${see}`;
  if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return `unexpected argument: ${quoted}; ${see}`;
  const flag = quoted.replace(/ <value>$/, '');
  const detail = error.message.includes('does not take an argument') ? 'takes no argument' : 'needs an argument';
  return `flag ${flag} ${detail}; ${see}`;
}
