import { lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { OciDevice } from './oci.js';

/** "0-3,7" as a set of numbers; undefined when it is not such a list. */
export function parseCpuList(list: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (!range) return undefined;
    const [from, to] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (to < from) return undefined;
    for (let n = from; n <= to; n++) numbers.add(n);
  }
  return numbers;
}

const once = <T>(read: () => T): (() => T) => {
  let value: { is: T } | undefined;
  return () => {
    value ??= { is: read() };
    return value.is;
  };
};

const text = (path: string, fallback: string): string => {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return fallback;
  }
};

/** CPUs that are online, as the kernel writes them: "0-3". */
export const onlineCpus = once(() => text('/sys/devices/system/cpu/online', `0-${Math.max(1, cpus().length) - 1}`));

/** Memory nodes that are online. */
export const onlineMems = once(() => text('/sys/devices/system/node/online', '0'));

export const cpuCount = once(() => parseCpuList(onlineCpus())?.size ?? 1);

/** Counters of each CPU's throttling: they tell one container of another's work, and writing some resets the host's. */
export const thermalThrottlePaths = once(() => {
  const base = '/sys/devices/system/cpu';
  return [...(parseCpuList(text(`${base}/possible`, '')) ?? [])]
    .map((cpu) => `${base}/cpu${cpu}/thermal_throttle`)
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory());
});

/** Below /dev what a container has of its own, or what is not a device to give away. */
const OWN_DEVICES = ['pts', 'ptmx', 'shm', 'fd', 'mqueue', 'console', '.lxc', '.lxd-mounts', '.udev'];

/** makedev(3) of glibc: 12 bits of each in the low 32, the rest above. */
export const deviceNumbers = (rdev: number): { major: number; minor: number } => ({
  major: Math.floor(rdev / 256) % 4096,
  minor: (rdev % 256) + (Math.floor(rdev / 2 ** 20) % 4096) * 256,
});

/** A node of a device as it is on the host; undefined where `stat` is of something else. */
export function deviceNode(path: string, stat: Stats): OciDevice | undefined {
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined;
  return {
    path,
    type: stat.isBlockDevice() ? 'b' : 'c',
    ...deviceNumbers(stat.rdev),
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** Every device node below a directory, by default the host's /dev. */
export function hostDevices(directory = '/dev'): OciDevice[] {
  const found: OciDevice[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (directory === '/dev' && OWN_DEVICES.includes(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      found.push(...hostDevices(path));
      continue;
    }
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) continue;
    const stat = statSync(path, { throwIfNoEntry: false });
    const node = stat && deviceNode(path, stat);
    if (node) found.push(node);
  }
  return found;
}
