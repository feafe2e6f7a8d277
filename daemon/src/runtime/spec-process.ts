import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import type { ExecConfig } from '@tinydocker/shared/api/exec.js';
import { resolveCapabilities } from './capabilities.js';
import type { OciProcess } from './oci.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where td-init is mounted in a container that asked for it. */
export const INIT_PATH = '/sbin/docker-init';

const nameOf = (entry: string): string => entry.split('=', 1)[0]!;

/** Puts `changes` over `base`, name by name; a bare NAME takes the variable out. */
export function mergeEnv(base: readonly string[], changes: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of base) merged.set(nameOf(entry), entry);
  for (const entry of changes) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

/** The command line: entrypoint and command, below td-init where there is one. */
export function processArgs(config: ContainerConfig): string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}

const capabilitySets = (set: string[]): OciProcess['capabilities'] => ({
  bounding: set,
  effective: set,
  permitted: set,
  // Empty, or every program with inheritable file capabilities would raise its own (CVE-2022-24769).
  inheritable: [],
  ambient: [],
});

/** -1 is without limit in both notations. */
function rlimits(hostConfig: HostConfig): OciProcess['rlimits'] {
  return (hostConfig.Ulimits ?? []).map((limit) => ({
    type: `RLIMIT_${limit.Name.toUpperCase()}`,
    soft: limit.Soft,
    hard: limit.Hard,
  }));
}

/** What keeps the processes of a container, beside their capabilities. */
export interface Confinement {
  noNewPrivileges: boolean;
  /** Of AppArmor. */
  apparmorProfile?: string;
}

/** Every capability that a process of the container may come to have. */
export const containerCapabilities = (hostConfig: HostConfig, bounding: readonly string[]): string[] =>
  resolveCapabilities(hostConfig.Privileged ?? false, hostConfig.CapAdd ?? [], hostConfig.CapDrop ?? [], bounding);

const consoleSize = (size: readonly number[] | null | undefined): OciProcess['consoleSize'] =>
  size?.[0] && size[1] ? { height: size[0], width: size[1] } : undefined;

/**
 * The container's first process. The user is not in it: names are resolved by the shim in the container's own
 * files, from shim.json.
 */
export function containerProcess(
  config: ContainerConfig,
  hostConfig: HostConfig,
  hostname: string,
  bounding: readonly string[],
  confinement: Confinement,
): OciProcess {
  const defaults = [`PATH=${PATH}`, `HOSTNAME=${hostname}`, ...(config.Tty ? ['TERM=xterm'] : [])];
  const args = processArgs(config);
  return {
    terminal: config.Tty ?? false,
    consoleSize: config.Tty ? consoleSize(hostConfig.ConsoleSize) : undefined,
    user: { uid: 0, gid: 0 },
    args: hostConfig.Init ? [INIT_PATH, '--', ...args] : args,
    env: mergeEnv(defaults, config.Env ?? []),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(containerCapabilities(hostConfig, bounding)),
    rlimits: rlimits(hostConfig),
    ...confinement,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** One more process for a running container, as much like its first one as the request leaves it. */
export function execProcess(
  exec: ExecConfig,
  config: ContainerConfig,
  hostConfig: HostConfig,
  hostname: string,
  bounding: readonly string[],
  confinement: Confinement,
): OciProcess {
  const first = containerProcess(config, hostConfig, hostname, bounding, confinement);
  const terminal = exec.Tty ?? false;
  const env = terminal && !config.Tty ? mergeEnv(['TERM=xterm'], first.env) : first.env;
  return {
    ...first,
    terminal,
    consoleSize: terminal ? consoleSize(exec.ConsoleSize) : undefined,
    args: [...(exec.Cmd ?? [])],
    env: mergeEnv(env, exec.Env ?? []),
    cwd: exec.WorkingDir || first.cwd,
    capabilities: exec.Privileged ? capabilitySets([...bounding]) : first.capabilities,
  };
}
