import { realpathSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { DeviceMapping, HostConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { deviceNode, deviceNumbers, hostDevices } from './host.js';
import type { OciBlockIo, OciDevice, OciDeviceRule, OciMount } from './oci.js';

const character = (major: number, minor?: number): OciDeviceRule => ({
  allow: true,
  type: 'c',
  major,
  ...(minor !== undefined && { minor }),
  access: 'rwm',
});

/**
 * What a container may do with devices where nothing else is said, as Docker has it: make any node, and open null, zero, full,
 * random, urandom, tty, console, ptmx, tun and the terminals of pts.
 */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[3, 5, 7, 8, 9].map((minor) => character(1, minor)),
  ...[0, 1, 2].map((minor) => character(5, minor)),
  character(10, 200),
  character(136),
];

/** `c 1:3 rwm`, with * for any number; `a` is both kinds. @throws EngineError invalid */
export function parseDeviceRule(text: string): OciDeviceRule[] {
  const match = /^([abc]) (\d{1,9}|\*):(\d{1,9}|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw invalid(`invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access = ''] = match;
  const numbers = {
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
  };
  // The kernel knows "a" for everything alone.
  const types = type === 'a' ? (['b', 'c'] as const) : [type as 'b' | 'c'];
  return types.map((one) => ({ allow: true, type: one, ...numbers, access }));
}

/** What is allowed of a device: by default everything. @throws EngineError invalid */
export function devicePermissions(text: string | undefined): string {
  if (!text) return 'rwm';
  if (!/^[rwm]{1,3}$/.test(text)) throw invalid(`invalid device mode: ${text}`);
  return text;
}

/** Where in the container a device is to be. @throws EngineError invalid */
export function deviceTarget({ PathOnHost = '', PathInContainer }: DeviceMapping): string {
  const target = PathInContainer || PathOnHost;
  if (!target.startsWith('/')) throw invalid(`invalid device: ${target} is not an absolute path`);
  return posix.normalize(target);
}

/** A node to make in the container, and what it is on the host. */
interface Found {
  node: OciDevice;
  host: string;
}

/** The nodes that a path of the host stands for: itself, or everything in the directory. */
function nodesOf(mapping: DeviceMapping): Found[] {
  const { PathOnHost = '' } = mapping;
  const failure = (reason: string) => {
    const context = `error gathering device information while adding custom device "${PathOnHost}"`;
    return new EngineError('system', `${context}: ${reason}`);
  };
  let host: string;
  let stat: Stats;
  try {
    host = realpathSync(PathOnHost); // /dev/disk/by-id/... are links
    stat = statSync(host);
  } catch {
    throw failure('no such file or directory');
  }
  const target = deviceTarget(mapping);
  if (stat.isDirectory()) {
    return hostDevices(host).map((node) => ({
      node: { ...node, path: posix.join(target, node.path.slice(host.length)) },
      host: node.path,
    }));
  }
  const node = deviceNode(target, stat);
  if (!node) throw failure('not a device node');
  return [{ node, host }];
}

/** What a container gets of the host's devices. */
export interface ContainerDevices {
  nodes: OciDevice[];
  /** Devices outside of /dev, where the root takes no nodes: they are mounted. */
  mounts: OciMount[];
  /** Undefined where nothing is held back. */
  rules: OciDeviceRule[] | undefined;
}

const inDev = ({ node }: Found): boolean => node.path.startsWith('/dev/');

const bindOf = ({ node, host }: Found): OciMount => ({
  destination: node.path,
  type: 'bind',
  source: host,
  options: ['bind', 'rprivate'],
});

/**
 * The devices of a container, looked up on the host.
 * @throws EngineError system where the host does not have one that is asked for; invalid
 */
export function containerDevices(h: HostConfig): ContainerDevices {
  const found = (h.Devices ?? []).map((mapping) => ({
    list: nodesOf(mapping),
    access: devicePermissions(mapping.CgroupPermissions),
  }));
  const all = found.flatMap(({ list }) => list);
  const nodes = all.filter(inDev).map(({ node }) => node);
  const mounts = all.filter((one) => !inDev(one)).map(bindOf);
  if (h.Privileged) {
    const taken = new Set(nodes.map(({ path }) => path));
    return { nodes: [...hostDevices().filter(({ path }) => !taken.has(path)), ...nodes], mounts, rules: undefined };
  }
  const rules = found.flatMap(({ list, access }) =>
    list.map(
      ({ node: { type, major, minor } }): OciDeviceRule => ({
        allow: true,
        type: type as 'b' | 'c',
        major,
        minor,
        access,
      }),
    ),
  );
  return {
    nodes,
    mounts,
    rules: [...DEFAULT_RULES, ...rules, ...(h.DeviceCgroupRules ?? []).flatMap(parseDeviceRule)],
  };
}

type PathValue = { readonly Path: string };

function numbersOf({ Path }: PathValue): { major: number; minor: number } {
  const stat = statSync(Path, { throwIfNoEntry: false });
  if (!stat) throw new EngineError('system', `stat ${Path}: no such file or directory`);
  return deviceNumbers(stat.rdev);
}

/** Weights and limits of block devices by their numbers. @throws EngineError system where there is no such path */
export function blockIo(h: HostConfig): OciBlockIo | undefined {
  const throttle = (list: readonly (PathValue & { Rate: number })[] | null | undefined) =>
    list?.length ? list.map((entry) => ({ ...numbersOf(entry), rate: entry.Rate })) : undefined;
  const weights = h.BlkioWeightDevice?.map((entry) => ({ ...numbersOf(entry), weight: entry.Weight }));
  const found: OciBlockIo = {
    weight: h.BlkioWeight || undefined,
    weightDevice: weights?.length ? weights : undefined,
    throttleReadBpsDevice: throttle(h.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(h.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(h.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(h.BlkioDeviceWriteIOps),
  };
  return Object.values(found).some((value) => value !== undefined) ? found : undefined;
}
