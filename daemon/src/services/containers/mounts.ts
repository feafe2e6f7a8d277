import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../../lib/mount.js';
import { parseBind } from '../../runtime/bind-spec.js';
import { mountDestination } from '../../runtime/mount-path.js';
import { parseMount } from '../../runtime/mount-spec.js';
import { checkDestinations, tmpfsPaths } from '../../runtime/spec-mounts.js';
import type { ContainerRecord } from '../../store/containers.js';

/** What `-v` and `--mount` ask for, each by itself. @throws EngineError invalid */
export function askedMounts(hostConfig: HostConfig): ContainerMount[] {
  return [...(hostConfig.Binds ?? []).map(parseBind), ...(hostConfig.Mounts ?? []).map(parseMount)];
}

const NONE: readonly ContainerMount[] = [];

/** The mounts of a container. Takes no time where there are none. */
export function containerMounts({ mounts, hostConfig }: ContainerRecord): readonly ContainerMount[] {
  if (mounts) return mounts;
  return hostConfig.Binds?.length || hostConfig.Mounts?.length ? askedMounts(hostConfig) : NONE;
}

/** `CONTAINER[:ro|rw]` of VolumesFrom. @throws EngineError invalid */
function parseVolumesFrom(text: string): { container: string; rw: boolean } {
  if (text === '') throw invalid('volumes-from specification cannot be an empty string');
  const colon = text.indexOf(':');
  if (colon < 0) return { container: text, rw: true };
  const mode = text.slice(colon + 1);
  if (!['ro', 'rw', 'z', 'Z', 'ro,z', 'ro,Z', 'rw,z', 'rw,Z'].includes(mode)) throw invalid(`invalid mode: ${mode}`);
  return { container: text.slice(0, colon), rw: !mode.startsWith('ro') };
}

/** What other containers have mounted; whichever is named later has the last word about a path. */
function inherited(hostConfig: HostConfig, find: (name: string) => ContainerRecord): ContainerMount[] {
  const mounts = new Map<string, ContainerMount>();
  for (const text of hostConfig.VolumesFrom ?? []) {
    const { container, rw } = parseVolumesFrom(text);
    for (const m of containerMounts(find(container))) {
      if (m.type === 'tmpfs') continue; // nobody else can see what is in one
      // Its volumes are filled, or are not to be; they stay those of the container that they were made for.
      mounts.set(m.destination, { ...m, mode: '', rw: m.rw && rw, fill: false });
    }
  }
  return [...mounts.values()];
}

/** Paths that an image, or `-v PATH`, wants a new volume on. */
const anonymous = (config: ContainerConfig): ContainerMount[] =>
  Object.keys(config.Volumes ?? {}).map((path) => ({
    type: 'volume',
    source: '',
    // A relative one of an image has always been one from the root.
    destination: mountDestination(path.startsWith('/') ? path : `/${path}`),
    mode: '',
    rw: true,
    propagation: '',
    recursive: true,
    recursiveReadOnly: true,
    anonymous: true,
    fill: true,
  }));

/**
 * All mounts of a new container, as far as they can be settled without making anything: what other containers have gives way to
 * what is asked for, and volumes of the image to both.
 * @throws EngineError invalid, not-found (a container of VolumesFrom)
 */
export function settleMounts(
  config: ContainerConfig,
  hostConfig: HostConfig,
  find: (name: string) => ContainerRecord,
): ContainerMount[] {
  const asked = askedMounts(hostConfig);
  const explicit = [...asked.map((m) => m.destination), ...tmpfsPaths(hostConfig)];
  checkDestinations(explicit);
  const taken = new Set(explicit);
  const mounts = [...asked];
  const add = (more: readonly ContainerMount[]) => {
    for (const m of more) if (!taken.has(m.destination)) mounts.push(m);
    for (const m of more) taken.add(m.destination);
  };
  add(inherited(hostConfig, find));
  add(anonymous(config));
  return mounts;
}
