import { mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** statfs(2) type of the unified hierarchy. */
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** One mounted hierarchy: its mount point and its controllers ([] for named ones, ['unified'] for cgroup v2). */
interface Hierarchy {
  mount: string;
  controllers: string[];
}

let known: { version: 1 | 2; hierarchies: Hierarchy[] } | undefined;

/** What is mounted, read once: a host does not change its hierarchies while it runs. */
function layout(): { version: 1 | 2; hierarchies: Hierarchy[] } {
  if (known) return known;
  if (statfsSync(ROOT).type === CGROUP2_SUPER_MAGIC) {
    known = { version: 2, hierarchies: [{ mount: ROOT, controllers: ['unified'] }] };
    return known;
  }
  const hierarchies: Hierarchy[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [left, right] = line.split(' - ');
    const mount = left?.split(' ')[4];
    const [type, , options] = right?.split(' ') ?? [];
    if (!mount?.startsWith(`${ROOT}/`)) continue;
    if (type === 'cgroup2') hierarchies.push({ mount, controllers: ['unified'] });
    if (type === 'cgroup') {
      const flags = options?.split(',') ?? [];
      hierarchies.push({ mount, controllers: flags.filter((f) => !['rw', 'ro'].includes(f)) });
    }
  }
  known = { version: 1, hierarchies };
  return known;
}

/** 2 where the unified hierarchy is all there is; 1 also for the hybrid arrangement. */
export const cgroupVersion = (): 1 | 2 => layout().version;

/** The controllers that exist. */
export function cgroupControllers(): string[] {
  const { version, hierarchies } = layout();
  if (version === 2) return readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ');
  return hierarchies.flatMap((h) => h.controllers).filter((c) => c !== 'unified' && !c.startsWith('name='));
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    /* not writable or not there: the shim reports the limit that cannot be set */
  }
}

/** v2: gives the children of `path`'s ancestors every controller that there is. */
function enableControllers(path: string): void {
  let dir = ROOT;
  for (const part of path.split('/').filter(Boolean)) {
    const controllers = readFileSync(join(dir, 'cgroup.controllers'), 'utf8').trim().split(' ').filter(Boolean);
    // One by one: a single one that cannot be enabled would make the whole write fail.
    for (const c of controllers) attempt(() => writeFileSync(join(dir, 'cgroup.subtree_control'), `+${c}`));
    dir = join(dir, part);
    mkdirSync(dir, { recursive: true });
  }
  const controllers = readFileSync(join(dir, 'cgroup.controllers'), 'utf8').trim().split(' ').filter(Boolean);
  for (const c of controllers) attempt(() => writeFileSync(join(dir, 'cgroup.subtree_control'), `+${c}`));
}

/** v1: cpuset children start without processors or memory nodes unless they clone their parent's. */
function inheritCpuset(mount: string, path: string): void {
  let dir = mount;
  for (const part of path.split('/').filter(Boolean)) {
    const parent = dir;
    dir = join(dir, part);
    mkdirSync(dir, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      attempt(() => {
        if (!readFileSync(join(dir, file), 'utf8').trim())
          writeFileSync(join(dir, file), readFileSync(join(parent, file)));
      });
    }
    attempt(() => writeFileSync(join(dir, 'cgroup.clone_children'), '1'));
  }
}

/** Makes the directory that containers' cgroups are made in, in every hierarchy, so that a leaf needs one mkdir. */
export function prepareParent(path: string): void {
  const { version, hierarchies } = layout();
  if (version === 2) enableControllers(path);
  for (const { mount, controllers } of version === 1 ? hierarchies : []) {
    if (controllers.includes('cpuset')) inheritCpuset(mount, path);
    else mkdirSync(join(mount, path), { recursive: true });
  }
}

/** The directory of `path` in the hierarchy of a controller (v2: the only one). */
export function cgroupDir(path: string, controller: string): string | undefined {
  const { version, hierarchies } = layout();
  if (version === 2) return join(ROOT, path);
  const found = hierarchies.find((h) => h.controllers.includes(controller));
  return found && join(found.mount, path);
}

/** A control file's text, trimmed; undefined where there is no such file. */
export function readCgroupFile(path: string, controller: string, file: string): string | undefined {
  const dir = cgroupDir(path, controller);
  try {
    return dir && readFileSync(join(dir, file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Every directory that `path` has, over all hierarchies. */
const directories = (path: string): string[] => layout().hierarchies.map((h) => join(h.mount, path));

/** The processes in `path` (not below it), in any hierarchy. */
export function cgroupProcs(path: string): number[] {
  const pids = new Set<number>();
  for (const dir of directories(path)) {
    attempt(() => {
      for (const line of readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n')) if (line) pids.add(Number(line));
    });
  }
  return [...pids];
}

/** The processes in `path` and below it. */
export function cgroupTreeProcs(path: string): number[] {
  const pids = new Set(cgroupProcs(path));
  for (const child of cgroupChildren(path)) for (const pid of cgroupTreeProcs(join(path, child))) pids.add(pid);
  return [...pids];
}

/** Kills every process in `path`, also those that fork meanwhile: cgroup.kill where the kernel has it (5.14). */
export function killCgroup(path: string): void {
  for (const dir of directories(path)) attempt(() => writeFileSync(join(dir, 'cgroup.kill'), '1'));
  for (let round = 0; round < 10; round++) {
    const pids = cgroupProcs(path);
    if (pids.length === 0) return;
    for (const pid of pids) attempt(() => process.kill(pid, 'SIGKILL'));
    // What the freezer of version 1 holds does not even die.
    const freezer = cgroupDir(path, 'freezer');
    if (freezer && layout().version === 1) attempt(() => writeFileSync(join(freezer, 'freezer.state'), 'THAWED'));
  }
}

/** Names of the children of `path` in any hierarchy. */
export function cgroupChildren(path: string): string[] {
  const names = new Set<string>();
  for (const dir of directories(path)) {
    attempt(() => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) names.add(entry.name);
    });
  }
  return [...names];
}

/** Removes `path` and what is below it from every hierarchy. Returns false while a process or zombie is still in it. */
export function removeCgroup(path: string): boolean {
  for (const child of cgroupChildren(path)) removeCgroup(join(path, child));
  let removed = true;
  for (const dir of directories(path)) {
    try {
      rmdirSync(dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') removed = false;
    }
  }
  return removed;
}

/** Removes what prepareParent() made, where nothing is in it any more; else leaves it as it is. */
export function releaseParent(path: string): void {
  for (const dir of directories(path)) attempt(() => rmdirSync(dir));
}
