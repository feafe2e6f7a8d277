import type { Deps } from '../../deps.js';
import { containerMounts } from '../containers/mounts.js';

/** Ids of the containers that a volume is mounted into, whether they run or not. */
export function volumeUsers(deps: Pick<Deps, 'containers'>, name: string): string[] {
  return deps.containers
    .list()
    .filter((record) => containerMounts(record).some((m) => m.type === 'volume' && m.source === name))
    .map((record) => record.id);
}

/** How many containers each volume is mounted into; those that none uses are not in it. */
export function countVolumeUsers(deps: Pick<Deps, 'containers'>): Map<string, number> {
  const count = new Map<string, number>();
  for (const record of deps.containers.list()) {
    const names = new Set(containerMounts(record).flatMap((m) => (m.type === 'volume' ? [m.source] : [])));
    for (const name of names) count.set(name, (count.get(name) ?? 0) + 1);
  }
  return count;
}
