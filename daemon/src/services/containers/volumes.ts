import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { ContainerMount } from '../../lib/mount.js';
import type { Undo } from '../../lib/undo.js';
import type { SpecMount } from '../../runtime/spec-mounts.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { VolumeRecord } from '../../store/volumes.js';
import { dataOf, isEmpty } from '../../volume/directory.js';
import { fillDirectory, fillVolume, mayFill } from '../../volume/fill.js';
import { locateVolume, volumeSource } from '../../volume/options.js';
import { type CreateVolumeDeps, checkVolume, discardVolume, ensureVolume } from '../volumes/create.js';
import { requireVolume } from '../volumes/inspect.js';
import { publishVolume } from '../volumes/publish.js';
import { type RemoveVolumeDeps, removeUnusedVolume } from '../volumes/remove.js';
import { mountVolume, settleVolume, withVolume } from '../volumes/settle.js';
import { volumeUsers } from '../volumes/users.js';
import { layerDirectories } from './layer-paths.js';
import { containerMounts } from './mounts.js';

export type ContainerVolumeDeps = RemoveVolumeDeps & Pick<Deps, 'layers' | 'log'>;

const volumeMounts = (record: ContainerRecord): ContainerMount[] =>
  containerMounts(record).filter((m) => m.type === 'volume');

/** What `--mount` says of a volume that it may have to make. */
function volumeOptions(hostConfig: HostConfig, m: ContainerMount) {
  const given = (hostConfig.Mounts ?? []).find(
    (o) => o.Type === 'volume' && o.Target && m.source && o.Source === m.source,
  );
  const config = given?.VolumeOptions?.DriverConfig;
  return {
    driver: given ? config?.Name : hostConfig.VolumeDriver,
    options: config?.Options,
    labels: given?.VolumeOptions?.Labels,
  };
}

/** Checks the volumes that mounts name, before any is made. @throws EngineError invalid, not-found (driver) */
export function checkVolumes(hostConfig: HostConfig, mounts: readonly ContainerMount[]): void {
  for (const m of mounts) if (m.type === 'volume') checkVolume({ name: m.source, ...volumeOptions(hostConfig, m) });
}

/**
 * Makes the volumes that are not there yet, and names those that nobody has named.
 * @param undo told of each one that is made
 */
export function ensureVolumes(
  deps: CreateVolumeDeps,
  hostConfig: HostConfig,
  mounts: readonly ContainerMount[],
  undo: (volume: VolumeRecord) => void,
): ContainerMount[] {
  return mounts.map((m) => {
    if (m.type !== 'volume') return m;
    const { volume, made } = ensureVolume(deps, { name: m.source, ...volumeOptions(hostConfig, m) });
    if (made) undo(volume);
    return { ...m, source: volume.name };
  });
}

/** Whether some volume of the container still has to be filled with what the image has there. */
export const needsFilling = (record: ContainerRecord): boolean => containerMounts(record).some((m) => m.fill);

/** Leaves out the filling where it is plain that there is nothing to do: this is asked of every volume of every new container. */
export function withoutVainFills(
  deps: Pick<Deps, 'layers' | 'paths' | 'volumes'>,
  layers: readonly number[],
  mounts: readonly ContainerMount[],
): ContainerMount[] {
  const directories = layers.map((id) => deps.layers.path(id));
  const inVain = ({ source, destination }: ContainerMount) => {
    // One with options is mounted to be looked at: where that cannot be, the user is told now.
    if (deps.volumes.get(source)?.options) return false;
    return !mayFill(directories, destination) || !isEmpty(dataOf(deps.paths.volume(source)));
  };
  return mounts.map((m) => (m.fill && inVain(m) ? { ...m, fill: false } : m));
}

/** Fills one volume if it is empty; the caller has its lock. */
async function fill(deps: ContainerVolumeDeps, record: ContainerRecord, m: ContainerMount): Promise<void> {
  const volume = requireVolume(deps, m.source);
  const image = record.layers.map((id) => deps.layers.path(id)).reverse();
  const layers = layerDirectories(deps, image);
  const directory = deps.paths.volume(volume.name);
  const source = volumeSource(volume.options);
  try {
    if (source.kind === 'directory') {
      if (!isEmpty(dataOf(directory))) return;
      const discard = (path: string) => deps.trash.discard(path);
      return await fillVolume(directory, layers, m.destination, deps.holds.isHeld(volume.name), discard);
    }
    await mountVolume(deps, volume);
    const root = source.kind === 'bind' ? source.path : dataOf(directory);
    if (isEmpty(root)) await fillDirectory(layers, m.destination, root);
  } finally {
    await settleVolume(deps, volume);
  }
}

/**
 * Fills the container's empty volumes with what its image has at their mount points. That it is done is stored: a volume that
 * somebody empties later stays empty.
 */
export async function fillVolumes(deps: ContainerVolumeDeps, record: ContainerRecord): Promise<void> {
  for (const m of volumeMounts(record)) {
    if (!m.fill) continue;
    try {
      await withVolume(deps, m.source, () => fill(deps, record, m));
    } catch (error) {
      throw within(`fill volume ${m.source} with what the image has in ${m.destination}`, error);
    }
  }
  deps.containers.setMounts(
    record.id,
    containerMounts(record).map((m) => ({ ...m, fill: undefined })),
  );
}

/**
 * Gets a container's volumes ready for its start, and tells that they are mounted. Does nothing, and waits for nothing, where it
 * has none.
 */
export async function mountVolumes(deps: ContainerVolumeDeps, record: ContainerRecord, undo: Undo): Promise<void> {
  if (needsFilling(record)) await fillVolumes(deps, record);
  for (const m of volumeMounts(record)) {
    await withVolume(deps, m.source, async () => {
      const volume = requireVolume(deps, m.source);
      deps.holds.hold(volume.name, record.id);
      undo.push('release volume', () => releaseVolume(deps, record.id, volume.name));
      try {
        await mountVolume(deps, volume);
      } catch (error) {
        throw within(`error while mounting volume '${dataOf(deps.paths.volume(volume.name))}'`, error);
      }
    });
    publishVolume(deps, 'mount', m.source, {
      container: record.id,
      destination: m.destination,
      propagation: m.propagation,
      'read/write': String(m.rw),
    });
  }
}

async function releaseVolume(deps: ContainerVolumeDeps, container: string, name: string): Promise<void> {
  deps.holds.release(name, container);
  publishVolume(deps, 'unmount', name, { container });
  const volume = deps.volumes.get(name);
  if (!volume || volumeSource(volume.options).kind !== 'filesystem') return;
  await withVolume(deps, name, () => settleVolume(deps, volume));
}

/** A container has ended: lets go of its volumes. What stands for one on the host is taken away behind the caller's back. */
export function releaseVolumes(deps: ContainerVolumeDeps, record: ContainerRecord): void {
  for (const { source } of volumeMounts(record)) {
    releaseVolume(deps, record.id, source).catch((error) =>
      deps.log.error({ volume: source, err: error }, 'unmount a volume'),
    );
  }
}

/**
 * Removes the volumes that were made up for a container which is gone, unless another has them by now. At once, but for those that
 * something may still be mounted on.
 */
export function removeAnonymousVolumes(deps: ContainerVolumeDeps, record: ContainerRecord): void {
  for (const { source, anonymous } of volumeMounts(record)) {
    const volume = anonymous ? deps.volumes.get(source) : undefined;
    if (!volume || volumeUsers(deps, source).length > 0) continue;
    const failed = (error: unknown) =>
      deps.log.error({ volume: source, err: error }, 'remove a volume with its container');
    if (volumeSource(volume.options).kind === 'filesystem') {
      removeUnusedVolume(deps, source).catch(failed);
      continue;
    }
    try {
      discardVolume(deps, source);
    } catch (error) {
      failed(error);
    }
  }
}

/** The container's mounts with the places on the host where their sources are. */
export function locateMounts(
  deps: Pick<Deps, 'layers' | 'paths' | 'volumes'>,
  record: ContainerRecord,
): readonly SpecMount[] {
  return containerMounts(record).map((m) => {
    if (m.type === 'image') {
      const layers = (m.layers ?? []).map((id) => deps.layers.path(id)).reverse();
      return { ...m, lower: layerDirectories(deps, layers) };
    }
    if (m.type !== 'volume') return m;
    return locateVolume(m, requireVolume(deps, m.source).options, dataOf(deps.paths.volume(m.source)));
  });
}
