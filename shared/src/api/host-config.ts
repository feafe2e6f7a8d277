import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Maybe, PortMap, StringMap, Strings } from './common.js';

const int = (description: string) => Maybe(Type.Integer(), description);
const text = (description: string) => Maybe(Type.String(), description);
const flag = (description: string) => Maybe(Type.Boolean(), description);

export const RestartPolicy = Type.Object({
  Name: text('no (also when empty), always, unless-stopped or on-failure.'),
  MaximumRetryCount: int('With on-failure: how many times; 0 is without limit.'),
});
export type RestartPolicy = Static<typeof RestartPolicy>;

export const DeviceMapping = Type.Object({
  PathOnHost: Type.Optional(Type.String()),
  PathInContainer: Type.Optional(Type.String()),
  CgroupPermissions: Type.Optional(Type.String({ description: 'Any of r, w and m (mknod).' })),
});
export type DeviceMapping = Static<typeof DeviceMapping>;

export const DeviceRequest = Type.Object({
  Driver: text('Name of the driver.'),
  Count: int('How many; -1 is all.'),
  DeviceIDs: Maybe(Strings),
  Capabilities: Maybe(Type.Array(Strings), 'Lists of which one must be met whole.'),
  Options: Maybe(StringMap),
});
export type DeviceRequest = Static<typeof DeviceRequest>;

export const ThrottleDevice = Type.Object({
  Path: Type.String({ description: 'Path of the block device.' }),
  Rate: Type.Integer({ minimum: 0, description: 'Bytes or operations a second.' }),
});
export type ThrottleDevice = Static<typeof ThrottleDevice>;

export const WeightDevice = Type.Object({
  Path: Type.String({ description: 'Path of the block device.' }),
  Weight: Type.Integer({ minimum: 0, description: '10 to 1000.' }),
});

export const Ulimit = Type.Object({
  Name: Type.String({ description: 'Name of the limit, as in prlimit(1): nofile, nproc...' }),
  Soft: Type.Integer({ description: '-1 is without limit.' }),
  Hard: Type.Integer({ description: '-1 is without limit.' }),
});
export type Ulimit = Static<typeof Ulimit>;

const resources = {
  CpuShares: int('Relative weight of the CPU time, 2 to 262144; 0 is the default of 1024.'),
  Memory: int('Limit of the memory, in bytes; 0 is none.'),
  CgroupParent: text('Path of the cgroup to make the container’s below.'),
  BlkioWeight: int('Relative weight of block I/O, 10 to 1000; 0 is the default.'),
  BlkioWeightDevice: Maybe(Type.Array(WeightDevice)),
  BlkioDeviceReadBps: Maybe(Type.Array(ThrottleDevice)),
  BlkioDeviceWriteBps: Maybe(Type.Array(ThrottleDevice)),
  BlkioDeviceReadIOps: Maybe(Type.Array(ThrottleDevice)),
  BlkioDeviceWriteIOps: Maybe(Type.Array(ThrottleDevice)),
  CpuPeriod: int('Microseconds of a scheduling period.'),
  CpuQuota: int('Microseconds of CPU time in a period.'),
  CpuRealtimePeriod: int('Microseconds of a real-time period.'),
  CpuRealtimeRuntime: int('Microseconds of real-time CPU time in a period.'),
  CpusetCpus: text('CPUs to run on: 0-2,7.'),
  CpusetMems: text('Memory nodes to use: 0-1.'),
  Devices: Maybe(Type.Array(DeviceMapping), 'Device nodes of the host to make in the container.'),
  DeviceCgroupRules: Maybe(Strings, 'Rules of the device cgroup: c 1:3 mr.'),
  DeviceRequests: Maybe(Type.Array(DeviceRequest)),
  KernelMemory: int('No longer has an effect.'),
  KernelMemoryTCP: int('Limit of the TCP buffers in bytes, where the kernel has it.'),
  MemoryReservation: int('Memory below which the container is spared when memory is short, in bytes.'),
  MemorySwap: int('Memory and swap together, in bytes; -1 is without limit.'),
  MemorySwappiness: int('0 to 100.'),
  NanoCpus: int('CPUs, in units of 10^-9.'),
  OomKillDisable: flag('Not to kill when memory runs out (cgroup v1).'),
  Init: flag('Run an init that forwards signals and reaps processes.'),
  PidsLimit: int('Limit of processes and threads; 0 or -1 is none.'),
  Ulimits: Maybe(Type.Array(Ulimit)),
  CpuCount: int('Windows only.'),
  CpuPercent: int('Windows only.'),
  IOMaximumIOps: int('Windows only.'),
  IOMaximumBandwidth: int('Windows only.'),
};

/** What a container may use. */
export const Resources = Type.Object(resources);
export type Resources = Static<typeof Resources>;

export const Mount = Type.Object({
  Target: text('Path in the container.'),
  Source: text('Path on the host, name of a volume or of an image.'),
  Type: text('bind, volume, tmpfs, image, npipe or cluster.'),
  ReadOnly: flag('Mount it read-only.'),
  Consistency: text('Has no effect on Linux.'),
  BindOptions: Maybe(
    Type.Object({
      Propagation: text('private, rprivate, shared, rshared, slave or rslave.'),
      NonRecursive: flag('Without the mounts below the source.'),
      CreateMountpoint: flag('Make the source where it is missing.'),
      ReadOnlyNonRecursive: flag('Read-only without the mounts below.'),
      ReadOnlyForceRecursive: flag('An error where the mounts below cannot be made read-only.'),
      IDMap: text(
        "Of this engine alone: show the files as another's. user: as the container's user has those of the source's owner; " +
          'or uids=FROM-TO-COUNT#...;gids=...: ids of the file system from FROM on as those from TO on.',
      ),
    }),
  ),
  VolumeOptions: Maybe(
    Type.Object({
      NoCopy: flag('Do not fill a new volume with what the image has at the target.'),
      Labels: Maybe(StringMap),
      DriverConfig: Maybe(Type.Object({ Name: text('Name of the driver.'), Options: Maybe(StringMap) })),
      Subpath: text('Path inside the volume.'),
    }),
  ),
  ImageOptions: Maybe(Type.Object({ Subpath: text('Path inside the image.') })),
  TmpfsOptions: Maybe(
    Type.Object({
      SizeBytes: int('Limit, in bytes; 0 is half of the memory.'),
      Mode: int('Permissions, as a number in decimal.'),
      Options: Maybe(Type.Array(Strings), 'Mount options: ["noexec"] or ["key", "value"].'),
    }),
  ),
});
export type Mount = Static<typeof Mount>;

export const LogConfig = Type.Object({
  Type: text('json-file, none...; empty is the default of the daemon.'),
  Config: Maybe(StringMap, 'Options of the driver: max-size, max-file.'),
});
export type LogConfig = Static<typeof LogConfig>;

/** What of a container depends on the host it runs on. */
export const HostConfig = Type.Object(
  {
    ...resources,
    Binds: Maybe(Strings, 'source:target[:options], the source being a path or the name of a volume.'),
    ContainerIDFile: text('File that the client wrote the id to.'),
    LogConfig: Maybe(LogConfig),
    NetworkMode: text('none, host, bridge, container:<id> or the name of a network; empty or default is the default.'),
    PortBindings: Maybe(PortMap),
    RestartPolicy: Maybe(RestartPolicy),
    AutoRemove: flag('Remove the container when it ends.'),
    VolumeDriver: text('Driver of the volumes that Binds names.'),
    VolumesFrom: Maybe(Strings, 'Containers to take the mounts of: <name>[:ro|rw].'),
    Mounts: Maybe(Type.Array(Mount)),
    ConsoleSize: Maybe(
      Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 2 }),
      'First size of the terminal: [rows, columns].',
    ),
    Annotations: Maybe(StringMap),
    CapAdd: Maybe(Strings, 'Capabilities to add; ALL is all.'),
    CapDrop: Maybe(Strings, 'Capabilities to drop; ALL is all.'),
    CgroupnsMode: text('private or host.'),
    Dns: Maybe(Strings, 'Name servers.'),
    DnsOptions: Maybe(Strings),
    DnsSearch: Maybe(Strings),
    ExtraHosts: Maybe(Strings, 'Lines for /etc/hosts: name:address.'),
    GroupAdd: Maybe(Strings, 'Further groups of the process, names or numbers.'),
    IpcMode: text('none, private, shareable, host or container:<id>.'),
    Cgroup: text('container:<id> to share the cgroup of another.'),
    Links: Maybe(Strings),
    OomScoreAdj: int('-1000 to 1000.'),
    PidMode: text('host or container:<id>.'),
    Privileged: flag('All capabilities, all devices, nothing masked.'),
    PublishAllPorts: flag('Publish every exposed port on some port of the host.'),
    ReadonlyRootfs: flag('Mount the root file system read-only.'),
    SecurityOpt: Maybe(Strings, 'seccomp=, apparmor=, no-new-privileges...'),
    StorageOpt: Maybe(StringMap),
    Tmpfs: Maybe(StringMap, 'Paths to mount a tmpfs on, with the mount options.'),
    UTSMode: text('host to share the host name.'),
    UsernsMode: text('host to opt out of user namespaces.'),
    ShmSize: int('Size of /dev/shm in bytes; 0 is 64 MiB.'),
    Sysctls: Maybe(StringMap, 'Kernel parameters of the container’s namespaces.'),
    Runtime: text('Name of the runtime; empty is the default.'),
    Isolation: text('Windows only.'),
    MaskedPaths: Maybe(Strings, 'Paths to hide; null is the default list.'),
    ReadonlyPaths: Maybe(Strings, 'Paths to make read-only; null is the default list.'),
  },
  { description: 'What of a container depends on the host it runs on.' },
);
export type HostConfig = Static<typeof HostConfig>;
