import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import type { UserMap } from '../lib/id-map.js';
import type { OciDevice, OciMount, OciSpec } from './oci.js';
import { type EngineFiles, escapeLayer, type SpecMount, specMounts } from './spec-mounts.js';
import { type Confinement, containerProcess } from './spec-process.js';
import { type HostDevices, specResources } from './spec-resources.js';

/** Where the container's root comes from: layers topmost first, and what it writes. */
export interface RootLayers {
  lower: readonly string[];
  upper: string;
  work: string;
}

/** All that a specification is made of. Nothing is looked up: the same input gives the same document. */
export interface SpecInput {
  config: ContainerConfig;
  hostConfig: HostConfig;
  mounts: readonly SpecMount[];
  root: RootLayers;
  /** The bundle's empty directory that the root is mounted on. */
  rootfs: string;
  /** From the root of every hierarchy. */
  cgroupPath: string;
  files: EngineFiles;
  /** Paths of namespaces of others to live in, by type. */
  joined: Readonly<Partial<Record<string, string>>>;
  /** Path of the mount namespace that /dev/shm is taken from. */
  shm?: string;
  /** Whose ids it has: the maps of its user namespace; undefined where it is the host's. */
  users?: UserMap;
  /** What the container calls itself. */
  hostname: string;
  /** The host's td-init, where one was asked for. */
  init?: string;
  /** All capabilities that can be given. */
  bounding: readonly string[];
  confinement: Confinement;
  /** Of this engine's own, for whoever reads the document. */
  annotations?: Record<string, string>;
  /** Nodes of the host's devices to make in it. */
  devices?: OciDevice[];
  /** Those of them that are mounted. */
  deviceMounts?: OciMount[];
  /** Of the host's devices, what limits are about. */
  hostDevices?: HostDevices;
}

/** What shows or changes the host's state in /proc and /sys: hidden unless the request says otherwise. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const DEFAULT_READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/**
 * The overlay on "/". Nodev, for a layer of an image may hold the node of any disk: devices are in /dev, which is a mount of its
 * own.
 */
function rootMount(root: RootLayers, privileged: boolean): OciMount {
  return {
    destination: '/',
    type: 'overlay',
    source: 'overlay',
    options: [
      `lowerdir=${root.lower.map(escapeLayer).join(':')}`,
      `upperdir=${escapeLayer(root.upper)}`,
      `workdir=${escapeLayer(root.work)}`,
      ...(privileged ? [] : ['nodev']),
    ],
  };
}

/** The namespaces of its own; what is not named here is the host's. */
function namespaces({ hostConfig, joined, users }: SpecInput): { type: string; path?: string }[] {
  const types = ['mount'];
  if (users) types.push('user');
  if (hostConfig.PidMode !== 'host') types.push('pid');
  if (hostConfig.UTSMode !== 'host') types.push('uts');
  if (hostConfig.IpcMode !== 'host') types.push('ipc');
  if (hostConfig.NetworkMode !== 'host') types.push('network');
  if (hostConfig.CgroupnsMode !== 'host') types.push('cgroup');
  return types.map((type) => ({ type, ...(joined[type] !== undefined && { path: joined[type] }) }));
}

/**
 * What lies on disk has the container's own ids, whatever these are on the host: its layers, its volumes, and the files that the engine
 * gives it. A directory of the host has the host's.
 */
function withOwnIds({ files, mounts: asked }: SpecInput, mounts: OciMount[]): OciMount[] {
  const volumes = new Set(asked.filter((m) => m.type === 'volume').map((m) => m.destination));
  const engine = new Set(Object.values(files));
  const word = (m: OciMount) => {
    if (m.type === 'overlay') return ['idmap=container'];
    const own = m.type === 'bind' && (volumes.has(m.destination) || engine.has(m.source));
    return own ? ['idmap=container-or-host'] : [];
  };
  return mounts.map((m) => ({ ...m, options: [...m.options, ...word(m)] }));
}

/** Every user may bind low ports and ping: in a network namespace of its own neither means anything to the host. */
function sysctls({ hostConfig, users }: SpecInput): Record<string, string> {
  // The kernel takes only groups that there are: in a user namespace, those from root on.
  const last = (users?.gids.find(({ containerID }) => containerID === 0)?.size ?? 2 ** 31) - 1;
  const own = hostConfig.NetworkMode !== 'host' && !hostConfig.NetworkMode?.startsWith('container:');
  return {
    ...(own && { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': `0 ${last}` }),
    ...(hostConfig.Sysctls ?? {}),
  };
}

/** The OCI runtime specification of a container. Pure. */
export function buildSpec(input: SpecInput): OciSpec {
  const { config, hostConfig } = input;
  const privileged = hostConfig.Privileged ?? false;
  const mounts = [
    rootMount(input.root, privileged),
    ...specMounts(hostConfig, input.mounts, input.files, input.init, input.shm),
    ...(input.deviceMounts ?? []),
  ];
  const ownUts = hostConfig.UTSMode !== 'host';
  return {
    ociVersion: '1.2.0',
    process: containerProcess(config, hostConfig, input.hostname, input.bounding, input.confinement),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    hostname: ownUts ? input.hostname : undefined,
    domainname: ownUts && config.Domainname ? config.Domainname : undefined,
    mounts: input.users ? withOwnIds(input, mounts) : mounts,
    annotations: { ...hostConfig.Annotations, ...input.annotations },
    linux: {
      namespaces: namespaces(input),
      ...(input.users && { uidMappings: input.users.uids, gidMappings: input.users.gids }),
      cgroupsPath: input.cgroupPath,
      resources: specResources(hostConfig, input.hostDevices),
      devices: input.devices,
      sysctl: sysctls(input),
      maskedPaths: privileged ? [] : (hostConfig.MaskedPaths ?? [...DEFAULT_MASKED_PATHS]),
      readonlyPaths: privileged ? [] : (hostConfig.ReadonlyPaths ?? [...DEFAULT_READONLY_PATHS]),
    },
  };
}
