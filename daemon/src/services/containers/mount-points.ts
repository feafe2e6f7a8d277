import type { MountPoint } from '@tinydocker/shared/api/containers.js';
import type { Deps } from '../../deps.js';
import type { ContainerMount } from '../../lib/mount.js';
import type { ContainerRecord } from '../../store/containers.js';
import { dataOf } from '../../volume/directory.js';
import { containerMounts } from './mounts.js';

function mountPoint(deps: Pick<Deps, 'paths'>, m: ContainerMount): MountPoint {
  const common = { Destination: m.destination, Mode: m.mode, RW: m.rw, Propagation: m.propagation };
  if (m.type === 'volume') {
    const Source = dataOf(deps.paths.volume(m.source));
    return { Type: m.type, Name: m.source, Source, Driver: 'local', ...common };
  }
  // An image is mounted in the container alone: there is no path of the host to show.
  if (m.type === 'image') return { Type: m.type, Name: m.source, Source: '', ...common };
  return { Type: m.type, Source: m.source, ...common };
}

/** The mounts of a container as inspect and list show them. */
export const mountPoints = (deps: Pick<Deps, 'paths'>, record: ContainerRecord): MountPoint[] =>
  containerMounts(record).map((m) => mountPoint(deps, m));
