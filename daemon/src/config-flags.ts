import { parseArgs } from 'node:util';
import { ConfigError, type Settings } from './config-file.js';

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
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const USAGE = `Usage: tinydockerd [OPTIONS]

A container engine that speaks the Docker Engine API.

Options:
      --config-file string   Configuration file (default "/etc/tinydocker/daemon.json")
      --data-root string     Directory of what lasts: images, containers (default "/var/lib/tinydocker")
  -D, --debug                Log everything
      --exec-root string     Directory of what runs: bundles, control sockets (default "/run/tinydocker")
  -G, --group string         Group that may use the socket (default "tinydocker")
  -h, --help                 Show this
  -H, --host list            Socket to listen on: unix:///path or fd:// (default "unix:///run/tinydocker.sock")
      --insecure-registry list
                             Registry, or network of registries, that needs no TLS
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
  return { settings, configFile: values['config-file'] };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new ConfigError(`invalid value ${text} for --${name}: it must be at least 1`);
  return Number(text);
}

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
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: false });
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
