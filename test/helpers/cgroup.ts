import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether the host has the unified hierarchy alone. */
export const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** The directory of the cgroup that a process is in, in the hierarchy of a controller. */
export function cgroupOf(pid: number, controller: string): string {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (unified && controllers === '') return join('/sys/fs/cgroup', path);
    if (!unified && controllers.split(',').includes(controller)) return join('/sys/fs/cgroup', controllers, path);
  }
  throw new Error(`process ${pid} is in no cgroup of ${controller}`);
}

/** A control file of the cgroup that a process is in, trimmed. */
export const readCgroup = (pid: number, controller: string, file: string): string =>
  readFileSync(join(cgroupOf(pid, controller), file), 'utf8').trim();

export const writeCgroup = (pid: number, controller: string, file: string, text: string): void =>
  writeFileSync(join(cgroupOf(pid, controller), file), text);

/** Whether what a process belongs to stands still. */
export const frozen = (pid: number): boolean =>
  unified
    ? /^frozen 1$/m.test(readCgroup(pid, 'freezer', 'cgroup.events'))
    : readCgroup(pid, 'freezer', 'freezer.state') === 'FROZEN';
