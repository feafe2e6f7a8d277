import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { cgroupVersion, readCgroupFile } from '../kernel/cgroup.js';
import { hostCpu, type Usage, usageV1, usageV2 } from './usage.js';

/** What the processes of a cgroup use now; undefined where there is none of that path. */
export function readUsage(path: string): Usage | undefined {
  const read = (controller: string, file: string) => readCgroupFile(path, controller, file);
  const version = cgroupVersion();
  if (read('pids', 'cgroup.procs') === undefined && read('cpu', 'cgroup.procs') === undefined) return undefined;
  const host = { ...hostCpu(readFileSync('/proc/stat', 'latin1')), memory: totalmem() };
  return version === 2 ? usageV2(read, host) : usageV1(read, host);
}
