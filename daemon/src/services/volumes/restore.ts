import { existsSync, mkdirSync } from 'node:fs';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import { fillOf, makeVolume, volumesOnDisk } from '../../volume/directory.js';
import { volumeSource } from '../../volume/options.js';
import { containerMounts } from '../containers/mounts.js';
import { hasProcess } from '../containers/wait.js';
import { checkVolumeName } from './create.js';
import { settleVolume } from './settle.js';
import { countVolumeUsers } from './users.js';

type RestoreDeps = Pick<Deps, 'containers' | 'holds' | 'locks' | 'log' | 'paths' | 'trash' | 'volumes'>;

const isVolumeName = (name: string): boolean => {
  try {
    checkVolumeName(name);
    return true;
  } catch {
    return false;
  }
};

/** A directory without a row: empty it is half of a creation. Data is never thrown away for the want of a row. */
function restoreStray(deps: RestoreDeps, name: string, used: boolean): void {
  if (!used) {
    deps.trash.discard(deps.paths.volume(name));
    return;
  }
  deps.log.warn({ volume: name }, 'a directory with data is no known volume: it is one now');
  deps.volumes.insert({ name, createdAt: timestamp(), labels: null, options: null });
}

/** A row without a directory: half of a removal, or somebody has deleted what a container still names. */
function restoreRow(deps: RestoreDeps, name: string, users: number): void {
  if (users === 0) {
    deps.volumes.remove(name);
    return;
  }
  deps.log.error({ volume: name }, 'the directory of a volume is missing: it is empty now');
  makeVolume(deps.paths.volume(name));
}

/**
 * Brings volumes on disk and in the store together, whatever the last daemon was doing when it ended. To be called before the
 * containers are looked at: those that have ended let go of theirs then. A container with a bundle may run though the store does not
 * know it yet.
 */
export function restoreVolumes(deps: RestoreDeps): void {
  mkdirSync(deps.paths.empty, { recursive: true, mode: 0o755 });
  for (const record of deps.containers.list()) {
    const volumes = containerMounts(record).filter(({ type }) => type === 'volume');
    if (volumes.length === 0 || !(hasProcess(record) || existsSync(deps.paths.bundle(record.id)))) continue;
    for (const { source } of volumes) deps.holds.hold(source, record.id);
  }
  const options = (name: string) => deps.volumes.get(name)?.options ?? null;
  const disk = volumesOnDisk(deps.paths.volumes, (name) => volumeSource(options(name)).kind === 'filesystem');
  const users = countVolumeUsers(deps);
  for (const [name, { used }] of disk) {
    deps.trash.discard(fillOf(deps.paths.volume(name)));
    if (!deps.volumes.get(name) && isVolumeName(name)) restoreStray(deps, name, used);
  }
  for (const { name } of deps.volumes.list()) if (!disk.get(name)?.data) restoreRow(deps, name, users.get(name) ?? 0);
}

/** When it is known which containers run: takes away what is mounted on the host for none of them. */
export async function settleVolumes(deps: RestoreDeps): Promise<void> {
  for (const record of deps.containers.list()) {
    if (hasProcess(record)) continue;
    for (const { type, source } of containerMounts(record))
      if (type === 'volume') deps.holds.release(source, record.id);
  }
  for (const volume of deps.volumes.list()) {
    await settleVolume(deps, volume).catch((error) =>
      deps.log.error({ volume: volume.name, err: error }, 'unmount a volume that nobody uses'),
    );
  }
}
