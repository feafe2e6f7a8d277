import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, hostname, machine, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { SystemInfo, SystemVersion } from '@tinydocker/shared/api/system.js';
import { API_VERSION, MIN_API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import type { Config } from '../config.js';
import type { Deps } from '../deps.js';
import { cgroupVersion } from '../kernel/cgroup.js';
import { timestamp } from '../lib/clock.js';
import { boundingCapabilities, missingCapabilities } from '../runtime/capabilities.js';
import { cpuCount } from '../runtime/host.js';
import { type KernelLimits, kernelLimits } from '../runtime/limits.js';
import { LOG_DRIVERS } from './containers/log-config.js';
import { infoLimits, limitWarnings } from './system-limits.js';

/** As Go names processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const architecture = (): string => ARCHITECTURES[arch()] ?? arch();

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** What does not change while the daemon runs is found out once, and when it is asked for. */
function once<A extends unknown[], T>(make: (...args: A) => T): (...args: A) => T {
  let made: { value: T } | undefined;
  return (...args) => {
    made ??= { value: make(...args) };
    return made.value;
  };
}

/** What `docker version` shows. */
export const systemVersion = once((): SystemVersion => {
  const Details = {
    ApiVersion: API_VERSION,
    Arch: architecture(),
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: process.version,
    KernelVersion: release(),
    MinAPIVersion: MIN_API_VERSION,
    Os: 'linux',
  };
  return {
    Platform: { Name: 'tinydocker' },
    Components: [{ Name: 'Engine', Version: VERSION, Details }],
    Version: VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: process.version,
    Os: 'linux',
    Arch: architecture(),
    KernelVersion: release(),
    BuildTime: '',
  };
});

const operatingSystem = once(() => {
  const line = /^PRETTY_NAME=(.*)$/m.exec(read('/etc/os-release'))?.[1] ?? 'Linux';
  return line.replace(/^(["'])(.*)\1$/, '$2');
});

/** Names this data directory for good; made when it is first asked for. */
const engineId = once((dataRoot: string): string => {
  const path = join(dataRoot, 'engine-id');
  const known = read(path);
  if (known) return known;
  const id = randomUUID();
  writeFileSync(path, `${id}\n`, { mode: 0o600 });
  return id;
});

/** What keeps containers here, as Docker names it. */
function securityOptions(config: Config, apparmor: boolean, ownUsers: boolean): string[] {
  return [
    ...(apparmor ? ['name=apparmor'] : []),
    `name=seccomp,profile=${config.seccompProfileName}`,
    ...(ownUsers ? ['name=userns'] : []),
    'name=cgroupns',
    ...(config.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

function warnings(limits: KernelLimits, problem: string | undefined): string[] | null {
  const missing = missingCapabilities(boundingCapabilities());
  const all = [
    ...(limitWarnings(limits) ?? []),
    ...(problem ? [`WARNING: ${problem}`] : []),
    ...(missing.length > 0 ? [`WARNING: No ${missing.join(', ')}: privileged containers do not have it either`] : []),
  ];
  return all.length > 0 ? all : null;
}

/** What `docker info` shows. */
export function systemInfo(
  deps: Pick<Deps, 'apparmor' | 'config' | 'containers' | 'events' | 'firewall' | 'images' | 'users'>,
): SystemInfo {
  const { config } = deps;
  const limits = kernelLimits(config.cgroupParent);
  const containers = deps.containers.list();
  const count = (...statuses: string[]) => containers.filter((c) => statuses.includes(c.state.status)).length;
  const running = count('running', 'restarting');
  const paused = count('paused');
  return {
    ID: engineId(config.dataRoot),
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
    Images: deps.images.list().length,
    Driver: 'overlay2',
    DriverStatus: [['Supports d_type', 'true']],
    DockerRootDir: config.dataRoot,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: [...LOG_DRIVERS],
    },
    ...infoLimits(limits),
    IPv4Forwarding: read('/proc/sys/net/ipv4/ip_forward') === '1',
    Debug: config.debug,
    NFd: readdirSync('/proc/self/fd').length - 1,
    NGoroutines: process.getActiveResourcesInfo().length,
    SystemTime: timestamp(),
    LoggingDriver: config.logDriver,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: cgroupVersion() === 2 ? '2' : '1',
    NEventsListener: deps.events.listeners,
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSVersion: '',
    OSType: 'linux',
    Architecture: machine(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
      Mirrors: null,
    },
    NCPU: cpuCount(),
    MemTotal: totalmem(),
    GenericResources: null,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
    Name: hostname(),
    Labels: config.labels,
    ExperimentalBuild: false,
    ServerVersion: VERSION,
    ...(config.network.iptables && { FirewallBackend: { Driver: deps.firewall.backend } }),
    Runtimes: { 'td-shim': { path: 'td-shim' } },
    DefaultRuntime: 'td-shim',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'td-init',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    SecurityOptions: securityOptions(config, deps.apparmor.enabled, deps.users.byDefault),
    CDISpecDirs: [],
    Warnings: warnings(limits, deps.apparmor.problem),
  };
}
