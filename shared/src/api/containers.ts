import type { Static } from 'typebox';
import * as Type from 'typebox';
import {
  DriverData,
  HealthConfig,
  MapOf,
  Maybe,
  MaybeWordList,
  Nullable,
  PortMap,
  StringMap,
  StringSet,
  Strings,
  Word,
} from './common.js';
import { HostConfig, Resources, RestartPolicy } from './host-config.js';

export * from './host-config.js';

const config = {
  Hostname: Maybe(Type.String(), 'Host name; by default the first twelve digits of the id.'),
  Domainname: Maybe(Type.String()),
  User: Maybe(Type.String(), 'user[:group], names or numbers.'),
  AttachStdin: Maybe(Type.Boolean(), 'The client is going to attach to it.'),
  AttachStdout: Maybe(Type.Boolean()),
  AttachStderr: Maybe(Type.Boolean()),
  ExposedPorts: Maybe(StringSet, 'Ports that the container serves: {"80/tcp": {}}.'),
  Tty: Maybe(Type.Boolean(), 'Give it a terminal.'),
  OpenStdin: Maybe(Type.Boolean(), 'Keep standard input open for clients to attach to.'),
  StdinOnce: Maybe(Type.Boolean(), 'Close standard input when its first client leaves.'),
  Env: Maybe(Strings, 'NAME=value; a bare NAME takes it out.'),
  Cmd: MaybeWordList('Command, or arguments to the entrypoint.'),
  Healthcheck: Maybe(HealthConfig),
  ArgsEscaped: Maybe(Type.Boolean(), 'Windows only.'),
  Image: Maybe(Type.String(), 'Reference or id of the image.'),
  Volumes: Maybe(StringSet, 'Paths to mount new volumes on.'),
  WorkingDir: Maybe(Type.String()),
  Entrypoint: MaybeWordList('What Cmd is given to; [""] takes away the image’s.'),
  NetworkDisabled: Maybe(Type.Boolean()),
  MacAddress: Maybe(Type.String()),
  OnBuild: Maybe(Strings),
  Labels: Maybe(StringMap),
  StopSignal: Maybe(Type.String(), 'Signal to stop it with, name or number; SIGTERM by default.'),
  StopTimeout: Maybe(Type.Integer(), 'Seconds to wait for it to stop; -1 is for ever.'),
  Shell: MaybeWordList('Shell of the CMD-SHELL forms.'),
};

/** What of a container goes with it to any host. */
export const ContainerConfig = Type.Object(config, { description: 'What of a container goes with it to any host.' });
export type ContainerConfig = Static<typeof ContainerConfig>;

export const EndpointIPAMConfig = Type.Object({
  IPv4Address: Maybe(Type.String()),
  IPv6Address: Maybe(Type.String()),
  LinkLocalIPs: Maybe(Strings),
});

/** A container in a network: what is wanted and what it has. */
export const EndpointSettings = Type.Object({
  IPAMConfig: Maybe(EndpointIPAMConfig),
  Links: Maybe(Strings),
  MacAddress: Maybe(Type.String()),
  Aliases: Maybe(Strings),
  DriverOpts: Maybe(StringMap),
  GwPriority: Maybe(Type.Integer(), 'The network with the highest gives the default gateway.'),
  NetworkID: Maybe(Type.String()),
  EndpointID: Maybe(Type.String()),
  Gateway: Maybe(Type.String()),
  IPAddress: Maybe(Type.String()),
  IPPrefixLen: Maybe(Type.Integer()),
  IPv6Gateway: Maybe(Type.String()),
  GlobalIPv6Address: Maybe(Type.String()),
  GlobalIPv6PrefixLen: Maybe(Type.Integer()),
  DNSNames: Maybe(Strings),
});
export type EndpointSettings = Static<typeof EndpointSettings>;

export const NetworkingConfig = Type.Object({
  EndpointsConfig: Maybe(MapOf(Nullable(EndpointSettings)), 'By the name of the network.'),
});
export type NetworkingConfig = Static<typeof NetworkingConfig>;

export const ContainerCreateRequest = Type.Object({
  ...config,
  HostConfig: Maybe(HostConfig),
  NetworkingConfig: Maybe(NetworkingConfig),
});
export type ContainerCreateRequest = Static<typeof ContainerCreateRequest>;

export const ContainerCreateResponse = Type.Object({
  Id: Type.String({ description: 'The id of the new container.' }),
  Warnings: Strings,
});
export type ContainerCreateResponse = Static<typeof ContainerCreateResponse>;

/** Processes of a container, a row each, as ps shows them. */
export const ContainerTopResponse = Type.Object({
  Processes: Type.Array(Strings),
  Titles: Strings,
});
export type ContainerTopResponse = Static<typeof ContainerTopResponse>;

/** What of a container can be changed: its resources, and when it is restarted. */
export const ContainerUpdateRequest = Type.Object({
  ...Resources.properties,
  RestartPolicy: Maybe(RestartPolicy),
  PortBindings: Maybe(
    PortMap,
    'An extension of ours: where these ports are published from now on, also of a container that runs; null: nowhere.',
  ),
});
export type ContainerUpdateRequest = Static<typeof ContainerUpdateRequest>;

export const ContainerUpdateResponse = Type.Object({ Warnings: Nullable(Strings) });
export type ContainerUpdateResponse = Static<typeof ContainerUpdateResponse>;

export const CONTAINER_STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;
export type ContainerStatus = (typeof CONTAINER_STATUSES)[number];

export const HealthcheckResult = Type.Object({
  Start: Type.String(),
  End: Type.String(),
  ExitCode: Type.Integer({ description: '0 healthy, 1 unhealthy, else the check itself failed.' }),
  Output: Type.String(),
});

export type HealthcheckResult = Static<typeof HealthcheckResult>;

export const Health = Type.Object({
  Status: Word(['none', 'starting', 'healthy', 'unhealthy']),
  FailingStreak: Type.Integer(),
  Log: Nullable(Type.Array(HealthcheckResult)),
});
export type Health = Static<typeof Health>;

export const ContainerState = Type.Object({
  Status: Word(CONTAINER_STATUSES),
  Running: Type.Boolean({ description: 'Also true while it is paused or waits to be restarted.' }),
  Paused: Type.Boolean(),
  Restarting: Type.Boolean(),
  OOMKilled: Type.Boolean({ description: 'The kernel killed a process of it because its memory was at the limit.' }),
  Dead: Type.Boolean(),
  Pid: Type.Integer({ description: 'Its init as the host sees it; 0 when it does not run.' }),
  ExitCode: Type.Integer(),
  Error: Type.String({ description: 'Why the last start failed.' }),
  StartedAt: Type.String(),
  FinishedAt: Type.String(),
  Health: Type.Optional(Health),
});
export type ContainerState = Static<typeof ContainerState>;

export const MountPoint = Type.Object({
  Type: Word(['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster']),
  Name: Type.Optional(Type.String({ description: 'Name of the volume.' })),
  Source: Type.String(),
  Destination: Type.String(),
  Driver: Type.Optional(Type.String()),
  Mode: Type.String(),
  RW: Type.Boolean(),
  Propagation: Type.String(),
});
export type MountPoint = Static<typeof MountPoint>;

export const Address = Type.Object({ Addr: Type.String(), PrefixLen: Type.Integer() });

export const NetworkSettings = Type.Object({
  Bridge: Type.String(),
  SandboxID: Type.String(),
  SandboxKey: Type.String({ description: 'Path of the network namespace.' }),
  Ports: Nullable(PortMap),
  HairpinMode: Type.Boolean(),
  LinkLocalIPv6Address: Type.String(),
  LinkLocalIPv6PrefixLen: Type.Integer(),
  SecondaryIPAddresses: Nullable(Type.Array(Address)),
  SecondaryIPv6Addresses: Nullable(Type.Array(Address)),
  EndpointID: Type.String(),
  Gateway: Type.String(),
  GlobalIPv6Address: Type.String(),
  GlobalIPv6PrefixLen: Type.Integer(),
  IPAddress: Type.String(),
  IPPrefixLen: Type.Integer(),
  IPv6Gateway: Type.String(),
  MacAddress: Type.String(),
  Networks: MapOf(EndpointSettings),
});
export type NetworkSettings = Static<typeof NetworkSettings>;

export const ContainerInspectResponse = Type.Object({
  Id: Type.String(),
  Created: Type.String(),
  Path: Type.String({ description: 'The program that runs.' }),
  Args: Strings,
  State: ContainerState,
  Image: Type.String({ description: 'Id of the image.' }),
  ResolvConfPath: Type.String(),
  HostnamePath: Type.String(),
  HostsPath: Type.String(),
  LogPath: Type.String(),
  Name: Type.String({ description: 'With a slash before it.' }),
  RestartCount: Type.Integer(),
  Driver: Type.String(),
  Platform: Type.String(),
  MountLabel: Type.String(),
  ProcessLabel: Type.String(),
  AppArmorProfile: Type.String(),
  ExecIDs: Nullable(Strings),
  HostConfig: HostConfig,
  GraphDriver: DriverData,
  SizeRw: Type.Optional(Type.Integer({ description: 'Bytes that it wrote, when asked for with ?size=1.' })),
  SizeRootFs: Type.Optional(Type.Integer({ description: 'Bytes of its root, when asked for with ?size=1.' })),
  Mounts: Type.Array(MountPoint),
  Config: ContainerConfig,
  NetworkSettings: NetworkSettings,
});
export type ContainerInspectResponse = Static<typeof ContainerInspectResponse>;

export const Port = Type.Object({
  IP: Type.Optional(Type.String()),
  PrivatePort: Type.Integer(),
  PublicPort: Type.Optional(Type.Integer()),
  Type: Word(['tcp', 'udp', 'sctp']),
});
export type Port = Static<typeof Port>;

export const ContainerSummary = Type.Object({
  Id: Type.String(),
  Names: Strings,
  Image: Type.String({ description: 'As it was asked for; the id when that name now means another image.' }),
  ImageID: Type.String(),
  Command: Type.String(),
  Created: Type.Integer({ description: 'Seconds since 1970.' }),
  Ports: Type.Array(Port),
  SizeRw: Type.Optional(Type.Integer()),
  SizeRootFs: Type.Optional(Type.Integer()),
  Labels: StringMap,
  State: Word(CONTAINER_STATUSES),
  Status: Type.String({ description: 'For people: Up 4 minutes.' }),
  HostConfig: Type.Object({
    NetworkMode: Type.String(),
    Annotations: Type.Optional(StringMap),
  }),
  NetworkSettings: Type.Object({ Networks: MapOf(EndpointSettings) }),
  Mounts: Type.Array(MountPoint),
});
export type ContainerSummary = Static<typeof ContainerSummary>;

export const ContainerWaitExitError = Type.Object({ Message: Type.String() });

export const ContainerWaitResponse = Type.Object({
  StatusCode: Type.Integer({ description: 'What the container ended with.' }),
  Error: Type.Optional(Nullable(ContainerWaitExitError)),
});
export type ContainerWaitResponse = Static<typeof ContainerWaitResponse>;

/** Every kernel operation that made the container, in order. An extension of ours. */
export const ContainerSteps = Type.Object({
  Id: Type.String(),
  Steps: Type.Array(
    Type.Object({
      Actor: Word(['daemon', 'shim', 'init', 'exec'], 'The process that did it.'),
      Name: Type.String({ description: 'The operation: mount, clone3, setrlimit...' }),
      Args: Type.String(),
      Start: Type.Integer({ description: 'Nanoseconds since the first step began.' }),
      Duration: Type.Integer({ description: 'Nanoseconds.' }),
      Errno: Type.String({ description: 'Empty when it went well: ENOENT...' }),
    }),
  ),
});
export type ContainerSteps = Static<typeof ContainerSteps>;

/** One line of GET /containers/{id}/changes. */
export const ContainerChange = Type.Object({
  Path: Type.String(),
  Kind: Type.Integer({ description: '0 modified, 1 added, 2 deleted.' }),
});
export type ContainerChange = Static<typeof ContainerChange>;
