import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, hostname, machine, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { SystemInfo, SystemVersion } from '@tinydocker/shared/api/system.js';
import { API_VERSION, MIN_API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import type { Deps } from '../deps.js';
import { cgroupControllers, cgroupVersion, readCgroupFile } from '../kernel/cgroup.js';
import { timestamp } from '../lib/clock.js';
import { cpuCount } from '../runtime/host.js';
import { LOG_DRIVERS } from './containers/log-config.js';

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

/** Which limits the kernel can set, as the cgroup that containers are made below has them. */
const limits = once(() => {
  const controllers = cgroupControllers();
  const v2 = cgroupVersion() === 2;
  const has = (controller: string) => controllers.includes(controller);
  // The root of the unified hierarchy has no swap file: with the controller it is there wherever CONFIG_SWAP is.
  const swap = v2
    ? read('/proc/swaps') !== ''
    : readCgroupFile('/', 'memory', 'memory.memsw.limit_in_bytes') !== undefined;
  return {
    MemoryLimit: has('memory'),
    SwapLimit: has('memory') && swap,
    KernelMemoryTCP: !v2 && readCgroupFile('/', 'memory', 'memory.kmem.tcp.limit_in_bytes') !== undefined,
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: !v2 && has('memory'),
  };
});

function warnings(): string[] | null {
  const found = limits();
  const missing: [boolean, string][] = [
    [found.MemoryLimit, 'No memory limit support'],
    [found.SwapLimit, 'No swap limit support'],
    [found.CpuCfsQuota, 'No cpu cfs quota support'],
    [found.CPUSet, 'No cpuset support'],
    [found.PidsLimit, 'No pids limit support'],
  ];
  const list = missing.filter(([there]) => !there).map(([, what]) => `WARNING: ${what}`);
  return list.length > 0 ? list : null;
}

/** What `docker info` shows. */
export function systemInfo(deps: Pick<Deps, 'config' | 'containers' | 'images' | 'events'>): SystemInfo {
  const { config } = deps;
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
    Plugins: { Volume: ['local'], Network: ['host', 'null'], Authorization: null, Log: [...LOG_DRIVERS] },
    ...limits(),
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
    SecurityOptions: ['name=cgroupns'],
    CDISpecDirs: [],
    Warnings: warnings(),
  };
}
