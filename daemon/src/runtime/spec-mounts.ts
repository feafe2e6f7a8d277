import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../lib/mount.js';
import { IDMAP_CONTAINER, parseIdmap } from './idmap.js';
import { mountDestination } from './mount-path.js';
import type { OciMount } from './oci.js';
import { parseSecurityOptions } from './security-options.js';
import { INIT_PATH } from './spec-process.js';
import { tmpfsOptions } from './tmpfs.js';

/** Bytes of /dev/shm where nothing is asked for. */
export const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** Files of the engine's own that every container sees. */
export interface EngineFiles {
  hostname: string;
  hosts: string;
  resolvConf: string;
}

const mount = (destination: string, type: string, source: string, ...options: string[]): OciMount => ({
  destination,
  type,
  source,
  options,
});

/** Mounts that every container has, in the order in which they stand on each other. */
function defaultMounts(hostConfig: HostConfig, shmOf: string | undefined): OciMount[] {
  const access = hostConfig.Privileged ? 'rw' : 'ro';
  const { writableCgroups } = parseSecurityOptions(hostConfig.SecurityOpt);
  const cgroupAccess = writableCgroups === undefined ? access : writableCgroups ? 'rw' : 'ro';
  const ipc = hostConfig.IpcMode || 'private';
  const shm = `size=${hostConfig.ShmSize || DEFAULT_SHM_SIZE}`;
  return [
    mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
    mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', access),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', cgroupAccess, 'nosuid', 'noexec', 'nodev'),
    // Also with the host's ipc namespace: the queues of a mount are those of the namespace it is made in.
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
    ...(ipc === 'host'
      ? [mount('/dev/shm', 'bind', '/dev/shm', 'rbind', 'rprivate', 'nosuid', 'noexec', 'nodev')]
      : []),
    ...(shmOf !== undefined ? [mount('/dev/shm', 'bind', '/dev/shm', 'bind', 'private', `namespace=${shmOf}`)] : []),
    ...(ipc === 'private' || ipc === 'shareable'
      ? [mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', shm)]
      : []),
  ];
}

/** A mount whose source has been found: `source` is a path on the host, `lower` an image's layers, topmost first. */
export interface SpecMount extends ContainerMount {
  readonly lower?: readonly string[];
}

/** A colon parts lower directories, a comma options (mount option parsing of overlayfs). */
export const escapeLayer = (path: string): string => path.replace(/[\\:,]/g, '\\$&');

const subpathOption = (subpath: string | undefined): string[] => (subpath ? [`subpath=${subpath}`] : []);

/** Ids of files, in the specification's own words; without a map the shim makes one of the container's user. */
function idmapOptions(m: SpecMount): Pick<OciMount, 'uidMappings' | 'gidMappings'> & { words: string[] } {
  if (m.idmap === undefined) return { words: [] };
  if (m.idmap === IDMAP_CONTAINER) return { words: ['idmap=container'] };
  const map = parseIdmap(m.idmap);
  const words = [m.recursive ? 'ridmap' : 'idmap'];
  return map ? { words, uidMappings: map.uids, gidMappings: map.gids } : { words };
}

function bindMount(m: SpecMount): OciMount {
  const { words, ...maps } = idmapOptions(m);
  const options = [m.recursive ? 'rbind' : 'bind', m.propagation || 'rprivate', ...words, ...subpathOption(m.subpath)];
  if (!m.rw) options.push('ro');
  // Without this, what is mounted below a read-only directory would still be writable.
  if (!m.rw && m.recursiveReadOnly) options.push('rro');
  return { ...mount(m.destination, 'bind', m.source, ...options), ...maps };
}

/** What an image shows, mounted read-only like a root that nothing is written to. */
function imageMount(m: SpecMount): OciMount {
  const lower = `lowerdir=${(m.lower ?? []).map(escapeLayer).join(':')}`;
  return mount(m.destination, 'overlay', 'overlay', lower, 'ro', 'nodev', ...subpathOption(m.subpath));
}

const depth = (path: string): number => path.split('/').length;

function userMount(m: SpecMount): OciMount {
  if (m.type === 'image') return imageMount(m);
  return m.type === 'tmpfs' ? mount(m.destination, 'tmpfs', 'tmpfs', ...(m.options ?? [])) : bindMount(m);
}

/** @throws EngineError invalid: two mounts have one destination */
export function checkDestinations(destinations: readonly string[]): void {
  const twice = destinations.find((destination, i) => destinations.indexOf(destination) !== i);
  if (twice !== undefined) throw invalid(`Duplicate mount point: ${twice}`);
}

/** Paths that `--tmpfs` names. @throws EngineError invalid */
export const tmpfsPaths = (hostConfig: HostConfig): string[] =>
  Object.keys(hostConfig.Tmpfs ?? {}).map(mountDestination);

/** Every mount that was asked for, outer directories before what lies in them. */
function userMounts(hostConfig: HostConfig, asked: readonly SpecMount[]): OciMount[] {
  const mounts = asked.map(userMount);
  for (const [path, options] of Object.entries(hostConfig.Tmpfs ?? {}))
    mounts.push(mount(mountDestination(path), 'tmpfs', 'tmpfs', ...tmpfsOptions(options)));
  return mounts.sort((a, b) => depth(a.destination) - depth(b.destination));
}

const STAYS_WRITABLE = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue'];

/** Files of the engine's own, unless something is mounted in their place, or over it so that none could be made there. */
function fileMounts(files: EngineFiles, init: string | undefined, users: readonly OciMount[]): OciMount[] {
  const file = (destination: string, source: string) => mount(destination, 'bind', source, 'rbind', 'rprivate');
  const all = [
    file('/etc/resolv.conf', files.resolvConf),
    file('/etc/hostname', files.hostname),
    file('/etc/hosts', files.hosts),
    ...(init === undefined ? [] : [mount(INIT_PATH, 'bind', init, 'bind', 'ro')]),
  ];
  const inPlace = ({ destination }: OciMount, user: OciMount) =>
    destination === user.destination || (user.options.includes('ro') && destination.startsWith(`${user.destination}/`));
  return all.filter((m) => !users.some((user) => inPlace(m, user)));
}

/**
 * Everything below the root, in mounting order; a mount of the user's takes the place of ours. Our files come last: a volume on
 * /etc is to have them, too.
 */
export function specMounts(
  hostConfig: HostConfig,
  asked: readonly SpecMount[],
  files: EngineFiles,
  init: string | undefined,
  shmOf?: string,
): OciMount[] {
  const users = userMounts(hostConfig, asked);
  const taken = new Set(users.map((m) => m.destination));
  const defaults = defaultMounts(hostConfig, shmOf).filter(
    (m) => !taken.has(m.destination) && !(taken.has('/dev') && m.destination.startsWith('/dev/')),
  );
  const own = fileMounts(files, init, users);
  if (hostConfig.ReadonlyRootfs) {
    // Files of ours that are bound into a read-only root would else be the writable places of it.
    for (const m of [...defaults, ...own])
      if (!STAYS_WRITABLE.includes(m.destination) && !m.options.includes('ro')) m.options.push('ro');
  }
  return [...defaults, ...users, ...own];
}
