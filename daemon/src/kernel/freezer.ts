import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '@tinydocker/shared/errors.js';
import { cgroupDir, cgroupVersion } from './cgroup.js';

/** How one kind of hierarchy stops its processes. */
interface Freezer {
  /** The file that is written, and the words for it. */
  control: string;
  freeze: string;
  thaw: string;
  /** Whether all of it stands still. */
  settled(): boolean;
}

function freezerOf(path: string): Freezer | undefined {
  const v1 = cgroupVersion() === 1 ? cgroupDir(path, 'freezer') : undefined;
  if (v1 !== undefined) {
    const control = join(v1, 'freezer.state');
    return {
      control,
      freeze: 'FROZEN',
      thaw: 'THAWED',
      settled: () => readFileSync(control, 'latin1').startsWith('FROZEN'),
    };
  }
  // Also where the v1 hierarchies beside it have no freezer.
  const unified = cgroupDir(path, 'unified');
  if (unified === undefined) return undefined;
  return {
    control: join(unified, 'cgroup.freeze'),
    freeze: '1',
    thaw: '0',
    settled: () => /^frozen 1$/m.test(readFileSync(join(unified, 'cgroup.events'), 'latin1')),
  };
}

function written(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new SystemError('write', (error as NodeJS.ErrnoException).code ?? 'EIO', file);
  }
}

/** ms that processes are given to come to rest: one that hangs in the kernel does not. */
const SETTLE = 5000;
const LONGEST_PAUSE = 20;

/**
 * Stops every process in a cgroup and below it, and returns when all stand still. When they do not in time, they go on.
 * @throws SystemError; ETIMEDOUT where a process does not come to rest, ENODEV where the host has no freezer
 */
export async function freezeCgroup(path: string): Promise<void> {
  const freezer = freezerOf(path);
  if (!freezer) throw new SystemError('freeze', 'ENODEV', path);
  written(freezer.control, freezer.freeze);
  const end = performance.now() + SETTLE;
  try {
    // No hierarchy of version 1 tells when it has settled; mostly it has by the first look.
    for (let pause = 1; !freezer.settled(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (performance.now() > end) throw new SystemError('freeze', 'ETIMEDOUT', path);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } catch (error) {
    thawCgroup(path);
    throw error;
  }
}

/** Lets the processes of a cgroup go on; one that is not frozen, or is gone, is left as it is. */
export function thawCgroup(path: string): void {
  const freezer = freezerOf(path);
  try {
    if (freezer) writeFileSync(freezer.control, freezer.thaw);
  } catch {
    /* it is gone: with it all that could be frozen */
  }
}

/** Whether a cgroup stands still, or is about to. */
export function isFrozen(path: string): boolean {
  const freezer = freezerOf(path);
  try {
    return freezer !== undefined && !/^(THAWED|0)/.test(readFileSync(freezer.control, 'latin1'));
  } catch {
    return false;
  }
}
