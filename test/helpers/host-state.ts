import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.js';

/** Whose traces are looked for: the directories and the name that an engine's things in the kernel bear. */
export interface Owner {
  readonly execRoot: string;
  readonly dataRoot: string;
  readonly instance: string;
  readonly running: boolean;
  readonly pid: number;
  /** Where its links are, unless it is the machine itself. */
  readonly network?:
    | { readonly links: readonly { ifname: string; ifalias?: string }[]; readonly rules: readonly string[] }
    | undefined;
}

/** What one daemon has on this machine; every list is sorted, so that two of them can be compared. */
export interface HostState {
  mounts: string[];
  cgroups: string[];
  links: string[];
  /** Of the packet filter, without their counters. */
  rules: string[];
  /** Shims and containers: "pid comm arguments". The daemon itself is not among them. */
  processes: string[];
  /** Namespaces in which one of those lives and this process does not. */
  namespaces: string[];
  files: string[];
  /** The daemon's open descriptors, by what they are. */
  descriptors: string[];
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process, the mount or the directory is gone meanwhile
  }
};
const list = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};
const link = (file: string): string => {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
};

/** Takes the picture of everything that bears the owner's names. */
export function captureHost(owner: Owner): HostState {
  const pids = processesOf(owner);
  const mountinfo = read('/proc/self/mountinfo') + (owner.running ? read(`/proc/${owner.pid}/mountinfo`) : '');
  const mounts = mountinfo
    .split('\n')
    .filter((line) => line.includes(owner.execRoot) || line.includes(`${owner.dataRoot}/`));
  return {
    mounts: [...new Set(mounts.map((line) => line.split(' ').slice(3).join(' ')))].sort(),
    cgroups: cgroupDirectories(owner.instance),
    links: linksOf(owner),
    rules: [...(owner.network?.rules ?? [])],
    processes: pids.map(
      (pid) =>
        `${pid} ${read(`/proc/${pid}/comm`).trim()} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`,
    ),
    namespaces: namespacesOf(pids),
    files: [...tree(owner.execRoot, 4), ...tree(owner.dataRoot, 3)],
    descriptors: owner.running ? descriptorsOf(owner.pid) : [],
  };
}

function linksOf({ instance, network }: Owner): string[] {
  const links =
    network?.links ??
    list('/sys/class/net').map((name) => ({ ifname: name, ifalias: read(`/sys/class/net/${name}/ifalias`) }));
  return links
    .filter(({ ifname, ifalias }) => `${ifname} ${ifalias ?? ''}`.includes(instance.slice(-8)))
    .map(({ ifname }) => ifname)
    .sort();
}

/** Processes in the owner's cgroups, and shims: those that carry its exec root among their arguments. */
function processesOf(owner: Owner): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      if (pid === process.pid || (owner.running && pid === owner.pid)) return false;
      const shim =
        read(`/proc/${pid}/comm`).trim() === 'td-shim' && read(`/proc/${pid}/cmdline`).includes(owner.execRoot);
      return shim || read(`/proc/${pid}/cgroup`).includes(`/${owner.instance}`);
    })
    .filter((pid) => !owner.running || !read(`/proc/${pid}/cmdline`).includes(`--exec-root\0${owner.execRoot}`))
    .sort((a, b) => a - b);
}

/** Whether a shim is still clearing up behind a container. */
export const hasShim = (id: string): boolean =>
  list('/proc').some((name) => /^\d+$/.test(name) && read(`/proc/${name}/cmdline`).startsWith(`td-shim\0${id}\0`));

function namespacesOf(pids: number[]): string[] {
  const found = new Set<string>();
  for (const pid of pids) {
    for (const kind of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']) {
      const name = link(`/proc/${pid}/ns/${kind}`);
      if (name !== '' && name !== link(`/proc/self/ns/${kind}`)) found.add(name);
    }
  }
  return [...found].sort();
}

/** Where the cgroup hierarchies are: one for each controller on v1, one on v2, both kinds on a hybrid machine. */
function hierarchies(): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((field) => ['cgroup', 'cgroup2'].includes(field[field.indexOf('-') + 1] ?? ''))
    .map((field) => field[4]!);
}

/** The owner's cgroup directories in all hierarchies, deepest first. */
function cgroupDirectories(instance: string): string[] {
  const found: string[] = [];
  const walk = (directory: string) => {
    for (const name of list(directory))
      if (!name.includes('.') && existsSync(join(directory, name, 'cgroup.procs'))) walk(join(directory, name));
    found.push(directory);
  };
  for (const hierarchy of hierarchies()) if (existsSync(join(hierarchy, instance))) walk(join(hierarchy, instance));
  return found;
}

/** Names below a directory. What an image's layer or a container's own files hold is not the daemon's doing. */
function tree(directory: string, depth: number): string[] {
  if (depth === 0) return [];
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  // SQLite's own files come and go with its checkpoints, and what a container's directory holds goes with it.
  if (/\/containers\/[0-9a-f]{64}$/.test(directory)) return [];
  // A container's directories that are made beforehand come when there is time.
  const passing = /\.db-(wal|shm)$|^spare$/;
  return entries
    .filter((entry) => !passing.test(entry.name))
    .map((entry) => join(directory, entry.name) + (entry.isDirectory() ? '/' : ''))
    .sort()
    .flatMap((path) => (path.endsWith('/') ? [path, ...tree(path.slice(0, -1), depth - 1)] : [path]));
}

function descriptorsOf(pid: number): string[] {
  return (
    list(`/proc/${pid}/fd`)
      .map((fd) => link(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, ''))
      // The database, and the shim's program, which is kept from the first start on, are not a container's.
      .filter((name) => name !== '' && !/\.db(-wal|-shm)?$|^\/memfd:td-shim/.test(name))
      .sort()
  );
}

/** What differs, one line each: "+" is there now, "-" was there before. */
export function difference(before: HostState, after: HostState): string[] {
  const lines: string[] = [];
  for (const subject of Object.keys(before) as (keyof HostState)[]) {
    const rest = [...before[subject]];
    for (const entry of after[subject]) {
      const at = rest.indexOf(entry);
      if (at < 0) lines.push(`+ ${subject}: ${entry}`);
      else rest.splice(at, 1);
    }
    // What was being deleted or closed when the first picture was taken may be gone by now.
    const passing = (entry: string) => subject === 'descriptors' || entry.includes('/trash/');
    lines.push(...rest.filter((entry) => !passing(entry)).map((entry) => `- ${subject}: ${entry}`));
  }
  return lines;
}

/**
 * Waits until the machine is as it was: the kernel takes cgroups, namespaces and processes away when it comes to it.
 * Fails with the difference.
 */
export async function assertUnchanged(
  owner: Owner,
  before: HostState,
  options: { deadline?: number; view?: (state: HostState) => HostState } = {},
): Promise<void> {
  const { deadline = 5000, view = (state) => state } = options;
  const now = () => difference(view(before), view(captureHost(owner)));
  await until('the machine is as before', () => now().length === 0, deadline).catch(() => {
    assert.fail(`left behind:\n${now().join('\n')}`);
  });
}

/** Takes away by force what a dead daemon has left, and says what that was. Works without any event loop. */
export function sweep(owner: Owner): string[] {
  const found: string[] = [];
  for (let round = 0; round < 200; round++) {
    const pids = processesOf(owner);
    if (pids.length === 0) break;
    for (const pid of pids) {
      if (round === 0) found.push(`process ${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it ended by itself
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // only here: an exit handler cannot await
  }
  const points = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  for (const point of points
    .filter((p) => p.startsWith(owner.execRoot) || p.startsWith(`${owner.dataRoot}/`))
    .reverse()) {
    // The directory of all bundles stays in memory for the daemon that may come back.
    if (point !== join(owner.execRoot, 'x/containers')) found.push(`mount ${point}`);
    try {
      execFileSync('umount', ['-l', point], { stdio: 'ignore' });
    } catch {} // below another one that is gone already
  }
  for (const directory of cgroupDirectories(owner.instance)) {
    // The parent stays while a daemon may come back; only a container's own would be a leak.
    if (!directory.endsWith(owner.instance)) found.push(`cgroup ${directory}`);
    try {
      rmdirSync(directory);
    } catch {} // a process that is about to end is still in it
  }
  return found;
}
