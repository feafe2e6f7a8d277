import { statSync } from 'node:fs';
import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { VolumeRecord } from '../../store/volumes.js';
import { dataOf } from '../../volume/directory.js';
import { isMounted, mountOnHost, unmountOnHost } from '../../volume/host-mount.js';
import { volumeSource } from '../../volume/options.js';

type SettleDeps = Pick<Deps, 'holds' | 'locks' | 'paths' | 'volumes'>;

/** Runs what changes a volume's directory one after the other. */
export const withVolume = <T>(deps: Pick<Deps, 'locks'>, name: string, work: () => T | Promise<T>): Promise<T> =>
  deps.locks.run(`volume ${name}`, work);

/**
 * Mounts what stands for the volume on its directory, unless it is there. The caller has the volume's lock.
 * @throws EngineError system
 */
export async function mountVolume(deps: Pick<Deps, 'paths'>, volume: VolumeRecord): Promise<void> {
  const source = volumeSource(volume.options);
  const data = dataOf(deps.paths.volume(volume.name));
  if (source.kind === 'filesystem' && !isMounted(data)) await mountOnHost(source, data);
  if (source.kind === 'bind' && !statSync(source.path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EngineError(
      'system',
      `failed to mount local volume: mount ${source.path}:${data}: no such file or directory`,
    );
  }
}

/** Takes the mount away when no running container has it any more. The caller has the volume's lock. */
export async function settleVolume(deps: SettleDeps, volume: VolumeRecord): Promise<void> {
  if (volumeSource(volume.options).kind !== 'filesystem' || deps.holds.isHeld(volume.name)) return;
  const data = dataOf(deps.paths.volume(volume.name));
  if (isMounted(data)) await unmountOnHost(data);
}
