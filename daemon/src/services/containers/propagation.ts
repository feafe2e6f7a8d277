import { readFileSync, realpathSync } from 'node:fs';
import { invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../../lib/mount.js';

const plainPath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));

interface HostMount {
  point: string;
  /** `shared:1`, `master:2` (proc_pid_mountinfo(5)). */
  tags: string[];
}

function hostMounts(): HostMount[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = line.split(' ');
      return { point: plainPath(fields[4]!), tags: fields.slice(6, fields.indexOf('-', 6)) };
    });
}

/** The mount that a path lies on: the last of those whose mount point is above it, at the longest path. */
function mountOf(path: string, mounts: readonly HostMount[]): HostMount {
  let best: HostMount = { point: '', tags: [] };
  for (const mount of mounts) {
    const above = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (above && mount.point.length >= best.point.length) best = mount;
  }
  return best;
}

/**
 * A mount can only be shared with the host, or follow it, where the host's own is shared. Nothing is read where no mount asks for
 * it.
 * @throws EngineError invalid, in Docker's words
 */
export function checkPropagation(mounts: readonly ContainerMount[]): void {
  const asking = mounts.filter((m) => m.type === 'bind' && /shared|slave/.test(m.propagation));
  if (asking.length === 0) return;
  const host = hostMounts();
  for (const { source, propagation } of asking) {
    const { point, tags } = mountOf(realpathSync(source), host);
    const has = (tag: string) => tags.some((t) => t.startsWith(`${tag}:`));
    if (propagation.endsWith('shared') && !has('shared'))
      throw invalid(`path ${source} is mounted on ${point} but it is not a shared mount`);
    if (propagation.endsWith('slave') && !has('shared') && !has('master'))
      throw invalid(`path ${source} is mounted on ${point} but it is not a shared or slave mount`);
  }
}
