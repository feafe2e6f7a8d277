import type { HostConfig, MountPoint } from '@tinydocker/shared/api/containers.js';
import { bindMounts } from '../../runtime/binds.js';

/** The mounts of a container as inspect and list show them. */
export function mountPoints(hostConfig: HostConfig): MountPoint[] {
  if (!hostConfig.Binds?.length && !hostConfig.Mounts?.length) return [];
  const points = bindMounts(hostConfig).map<MountPoint>((bind) => ({
    Type: 'bind',
    Source: bind.source,
    Destination: bind.destination,
    Mode: bind.mode,
    RW: bind.rw,
    Propagation: bind.propagation,
  }));
  for (const mount of hostConfig.Mounts ?? []) {
    if (mount.Type !== 'tmpfs') continue;
    points.push({
      Type: 'tmpfs',
      Source: '',
      Destination: mount.Target ?? '',
      Mode: '',
      RW: !mount.ReadOnly,
      Propagation: '',
    });
  }
  return points;
}
