import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupDir, cgroupVersion, readCgroupFile } from '../kernel/cgroup.js';
import { type LimitWrite, updateWrites } from './limit-writes.js';
import type { OciResources } from './oci.js';

/** A limit that the kernel refuses. */
export class LimitRefused extends Error {
  readonly file: string;
  readonly text: string;
  /** The symbolic errno. */
  readonly code: string;
  constructor(file: string, text: string, code: string) {
    super(`write "${text}" to ${file}: ${code}`);
    this.name = 'LimitRefused';
    this.file = file;
    this.text = text;
    this.code = code;
  }
}

/** Not in the daemon's own thread: to lower a limit of memory, the kernel first takes memory away, for as long as it takes. */
async function writeFirst(path: string, controller: string, choices: LimitWrite['choices']): Promise<void> {
  const dir = cgroupDir(path, controller);
  const choice = choices.find(({ file }) => dir !== undefined && existsSync(join(dir, file))) ?? choices[0];
  if (!choice) return;
  try {
    if (dir === undefined) throw Object.assign(new Error(), { code: 'ENOENT' });
    await writeFile(join(dir, choice.file), choice.text);
  } catch (error) {
    throw new LimitRefused(choice.file, choice.text, (error as NodeJS.ErrnoException).code ?? 'EIO');
  }
}

/**
 * Makes one set of limits of a cgroup another, live. Where the kernel refuses one of them, those that were changed are set back.
 * @throws LimitRefused
 */
export async function changeLimits(path: string, before: OciResources, after: OciResources): Promise<void> {
  const done: LimitWrite[] = [];
  try {
    for (const write of updateWrites(cgroupVersion(), before, after)) {
      await writeFirst(path, write.controller, write.choices);
      done.unshift(write);
    }
  } catch (error) {
    for (const { controller, undo } of done) await writeFirst(path, controller, undo).catch(() => {});
    throw error;
  }
}

/** What a cgroup uses of memory, now and at most: for the reason why a limit was refused. */
export function memoryUse(path: string): { usage: string; peak: string } {
  const v1 = cgroupVersion() === 1;
  return {
    usage: readCgroupFile(path, 'memory', v1 ? 'memory.usage_in_bytes' : 'memory.current') ?? '0',
    peak: readCgroupFile(path, 'memory', v1 ? 'memory.max_usage_in_bytes' : 'memory.peak') ?? '0',
  };
}
