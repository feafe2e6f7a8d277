import type { Volume } from '@tinydocker/shared/api/volumes.js';
import { notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { VolumeRecord } from '../../store/volumes.js';
import { dataOf } from '../../volume/directory.js';

/** A volume as the API shows it. */
export const showVolume = (deps: Pick<Deps, 'paths'>, volume: VolumeRecord): Volume => ({
  CreatedAt: volume.createdAt.replace(/\.\d+Z$/, 'Z'),
  Driver: 'local',
  Labels: volume.labels,
  Mountpoint: dataOf(deps.paths.volume(volume.name)),
  Name: volume.name,
  Options: volume.options,
  Scope: 'local',
});

/** @throws EngineError not-found */
export function requireVolume(deps: Pick<Deps, 'volumes'>, name: string): VolumeRecord {
  const volume = deps.volumes.get(name);
  if (!volume) throw notFound(`get ${name}: no such volume`);
  return volume;
}

/** Everything known of a volume. @throws EngineError not-found */
export const inspectVolume = (deps: Pick<Deps, 'volumes' | 'paths'>, name: string): Volume =>
  showVolume(deps, requireVolume(deps, name));
