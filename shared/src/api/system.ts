import type { Static } from 'typebox';
import * as Type from 'typebox';
import { BuildCacheItem } from './build.js';
import { MapOf, Nullable, StringMap, Strings, Word } from './common.js';
import { ContainerSummary } from './containers.js';
import { ImageSummary } from './images.js';
import { Volume } from './volumes.js';

const Details = MapOf(Type.String());

export const SystemVersion = Type.Object({
  Platform: Type.Object({ Name: Type.String() }),
  Components: Type.Array(Type.Object({ Name: Type.String(), Version: Type.String(), Details: Type.Optional(Details) })),
  Version: Type.String(),
  ApiVersion: Type.String(),
  MinAPIVersion: Type.String(),
  GitCommit: Type.String(),
  GoVersion: Type.String({ description: 'What the daemon runs on; Node, in our case.' }),
  Os: Type.String(),
  Arch: Type.String({ description: 'As Go names it: amd64, arm64.' }),
  KernelVersion: Type.String(),
  Experimental: Type.Optional(Type.Boolean()),
  BuildTime: Type.String(),
});
export type SystemVersion = Static<typeof SystemVersion>;

const Commit = Type.Object({ ID: Type.String() });

const Runtime = Type.Object({
  path: Type.Optional(Type.String()),
  runtimeArgs: Type.Optional(Strings),
  status: Type.Optional(StringMap),
});

const IndexInfo = Type.Object({
  Name: Type.String(),
  Mirrors: Strings,
  Secure: Type.Boolean(),
  Official: Type.Boolean(),
});

/** What `docker info` shows about the engine and its host. */
export const SystemInfo = Type.Object({
  ID: Type.String({ description: 'Names this data directory for good.' }),
  Containers: Type.Integer(),
  ContainersRunning: Type.Integer(),
  ContainersPaused: Type.Integer(),
  ContainersStopped: Type.Integer(),
  Images: Type.Integer(),
  Driver: Type.String({ description: 'How file trees are stored.' }),
  DriverStatus: Type.Array(Strings),
  DockerRootDir: Type.String(),
  Plugins: Type.Object({
    Volume: Strings,
    Network: Strings,
    Authorization: Nullable(Strings),
    Log: Strings,
  }),
  MemoryLimit: Type.Boolean(),
  SwapLimit: Type.Boolean(),
  KernelMemoryTCP: Type.Optional(Type.Boolean()),
  CpuCfsPeriod: Type.Boolean(),
  CpuCfsQuota: Type.Boolean(),
  CPUShares: Type.Boolean(),
  CPUSet: Type.Boolean(),
  PidsLimit: Type.Boolean(),
  OomKillDisable: Type.Boolean(),
  IPv4Forwarding: Type.Boolean(),
  Debug: Type.Boolean(),
  NFd: Type.Integer({ description: 'Open descriptors of the daemon.' }),
  NGoroutines: Type.Integer({ description: 'Active handles of the daemon.' }),
  SystemTime: Type.String(),
  LoggingDriver: Type.String(),
  CgroupDriver: Word(['cgroupfs', 'systemd', 'none']),
  CgroupVersion: Word(['1', '2']),
  NEventsListener: Type.Integer(),
  KernelVersion: Type.String(),
  OperatingSystem: Type.String(),
  OSVersion: Type.String(),
  OSType: Type.String(),
  Architecture: Type.String({ description: 'As uname(2) names it.' }),
  IndexServerAddress: Type.String(),
  RegistryConfig: Type.Object({
    InsecureRegistryCIDRs: Strings,
    IndexConfigs: MapOf(IndexInfo),
    Mirrors: Nullable(Strings),
  }),
  NCPU: Type.Integer(),
  MemTotal: Type.Integer({ description: 'Bytes.' }),
  GenericResources: Type.Null(),
  HttpProxy: Type.String(),
  HttpsProxy: Type.String(),
  NoProxy: Type.String(),
  Name: Type.String({ description: 'Host name.' }),
  Labels: Strings,
  ExperimentalBuild: Type.Boolean(),
  ServerVersion: Type.String(),
  Runtimes: MapOf(Runtime),
  DefaultRuntime: Type.String(),
  Swarm: Type.Object({
    NodeID: Type.String(),
    NodeAddr: Type.String(),
    LocalNodeState: Word(['inactive']),
    ControlAvailable: Type.Boolean(),
    Error: Type.String(),
    RemoteManagers: Type.Null(),
  }),
  LiveRestoreEnabled: Type.Boolean({ description: 'Containers go on while the daemon is away.' }),
  Isolation: Type.String(),
  InitBinary: Type.String(),
  ContainerdCommit: Commit,
  RuncCommit: Commit,
  InitCommit: Commit,
  SecurityOptions: Strings,
  DefaultAddressPools: Type.Optional(Type.Array(Type.Object({ Base: Type.String(), Size: Type.Integer() }))),
  FirewallBackend: Type.Optional(Type.Object({ Driver: Type.String() })),
  CDISpecDirs: Strings,
  Warnings: Nullable(Strings, 'What of the host makes some feature unavailable.'),
});
export type SystemInfo = Static<typeof SystemInfo>;

/** What `docker system df` shows; null where it was not asked for. */
export const DiskUsage = Type.Object({
  LayersSize: Type.Integer({ description: 'Bytes of all layers, each once.' }),
  Images: Nullable(Type.Array(ImageSummary)),
  Containers: Nullable(Type.Array(ContainerSummary)),
  Volumes: Nullable(Type.Array(Volume)),
  BuildCache: Nullable(Type.Array(BuildCacheItem)),
  BuilderSize: Type.Optional(Type.Integer({ description: 'Before 1.42.' })),
});
export type DiskUsage = Static<typeof DiskUsage>;
