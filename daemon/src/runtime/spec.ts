import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import type { OciDevice, OciMount, OciSpec } from './oci.js';
import { type EngineFiles, escapeLayer, type SpecMount, specMounts } from './spec-mounts.js';
import { containerProcess } from './spec-process.js';
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
  /** What the container calls itself. */
  hostname: string;
  /** The host's td-init, where one was asked for. */
  init?: string;
  /** All capabilities that can be given. */
  bounding: readonly string[];
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
function namespaces(hostConfig: HostConfig, joined: SpecInput['joined']): { type: string; path?: string }[] {
  const types = ['mount'];
  if (hostConfig.PidMode !== 'host') types.push('pid');
  if (hostConfig.UTSMode !== 'host') types.push('uts');
  if (hostConfig.IpcMode !== 'host') types.push('ipc');
  if (hostConfig.NetworkMode !== 'host') types.push('network');
  if (hostConfig.CgroupnsMode !== 'host') types.push('cgroup');
  return types.map((type) => ({ type, ...(joined[type] !== undefined && { path: joined[type] }) }));
}

/** Every user may bind low ports and ping: in a network namespace of its own neither means anything to the host. */
function sysctls(hostConfig: HostConfig): Record<string, string> {
  const own = hostConfig.NetworkMode !== 'host' && !hostConfig.NetworkMode?.startsWith('container:');
  return {
    ...(own && { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }),
    ...(hostConfig.Sysctls ?? {}),
  };
}

/** The OCI runtime specification of a container. Pure. */
export function buildSpec(input: SpecInput): OciSpec {
  const { config, hostConfig } = input;
  const privileged = hostConfig.Privileged ?? false;
  const ownUts = hostConfig.UTSMode !== 'host';
  return {
    ociVersion: '1.2.0',
    process: containerProcess(config, hostConfig, input.hostname, input.bounding),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    hostname: ownUts ? input.hostname : undefined,
    domainname: ownUts && config.Domainname ? config.Domainname : undefined,
    mounts: [
      rootMount(input.root, hostConfig.Privileged ?? false),
      ...specMounts(hostConfig, input.mounts, input.files, input.init, input.shm),
      ...(input.deviceMounts ?? []),
    ],
    annotations: hostConfig.Annotations ?? undefined,
    linux: {
      namespaces: namespaces(hostConfig, input.joined),
      cgroupsPath: input.cgroupPath,
      resources: specResources(hostConfig, input.hostDevices),
      devices: input.devices,
      sysctl: sysctls(hostConfig),
      maskedPaths: privileged ? [] : (hostConfig.MaskedPaths ?? [...DEFAULT_MASKED_PATHS]),
      readonlyPaths: privileged ? [] : (hostConfig.ReadonlyPaths ?? [...DEFAULT_READONLY_PATHS]),
    },
  };
}
