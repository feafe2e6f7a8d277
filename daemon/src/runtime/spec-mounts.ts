import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { type BindMount, mountDestination } from './binds.js';
import type { OciMount } from './oci.js';
import { INIT_PATH } from './spec-process.js';

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
  const ipc = hostConfig.IpcMode || 'private';
  const shm = `size=${hostConfig.ShmSize || DEFAULT_SHM_SIZE}`;
  return [
    mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
    mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', access),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', access, 'nosuid', 'noexec', 'nodev'),
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

const TMPFS_FLAGS = [
  'ro',
  'rw',
  'nosuid',
  'suid',
  'nodev',
  'dev',
  'noexec',
  'exec',
  'sync',
  'async',
  'noatime',
  'atime',
]
  .concat(['nodiratime', 'diratime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime'])
  .concat(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable']);
const TMPFS_VALUES = /^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=.+$/;

/**
 * Options of `--tmpfs`, over Docker's noexec,nosuid,nodev, each of which its opposite takes away.
 * @throws EngineError invalid for a word that tmpfs(5) does not have
 */
export function tmpfsOptions(text: string): string[] {
  const words = text.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !TMPFS_FLAGS.includes(word) && !TMPFS_VALUES.test(word));
  if (unknown !== undefined) throw invalid(`invalid tmpfs option "${unknown}"`);
  const defaults = ['noexec', 'nosuid', 'nodev'];
  return [...defaults.filter((word) => !words.includes(word) && !words.includes(word.slice(2))), ...words];
}

function bindMount(bind: BindMount): OciMount {
  const options = [bind.recursive ? 'rbind' : 'bind', bind.propagation];
  if (!bind.rw) options.push('ro');
  // Without this, what is mounted below a read-only directory would still be writable.
  if (!bind.rw && bind.recursiveReadOnly) options.push('rro');
  return mount(bind.destination, 'bind', bind.source, ...options);
}

const depth = (path: string): number => path.split('/').length;

/** Every tmpfs that was asked for, by `--tmpfs` and by `--mount`. */
function tmpfsMounts(hostConfig: HostConfig): OciMount[] {
  const mounts = Object.entries(hostConfig.Tmpfs ?? {}).map(([path, options]) =>
    mount(mountDestination(path), 'tmpfs', 'tmpfs', ...tmpfsOptions(options)),
  );
  for (const m of hostConfig.Mounts ?? []) {
    if (m.Type !== 'tmpfs') continue;
    if (m.Source) throw invalid('invalid mount config for type "tmpfs": field Source must not be specified');
    const words = (m.TmpfsOptions?.Options ?? []).map((pair) => pair.join('='));
    if (m.TmpfsOptions?.SizeBytes) words.push(`size=${m.TmpfsOptions.SizeBytes}`);
    if (m.TmpfsOptions?.Mode) words.push(`mode=${m.TmpfsOptions.Mode.toString(8)}`);
    if (m.ReadOnly) words.push('ro');
    mounts.push(mount(mountDestination(m.Target ?? ''), 'tmpfs', 'tmpfs', ...tmpfsOptions(words.join(','))));
  }
  return mounts;
}

/**
 * What the user asked for, outer directories before what lies in them.
 * @throws EngineError invalid, also for a destination named twice
 */
export function userMounts(hostConfig: HostConfig, binds: readonly BindMount[]): OciMount[] {
  const mounts = [...binds.map(bindMount), ...tmpfsMounts(hostConfig)];
  mounts.sort((a, b) => depth(a.destination) - depth(b.destination));
  const twice = mounts.find((m, i) => mounts.findIndex((other) => other.destination === m.destination) !== i);
  if (twice) throw invalid(`Duplicate mount point: ${twice.destination}`);
  return mounts;
}

const STAYS_WRITABLE = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue'];

/** Everything below the root, in mounting order; a mount of the user's takes the place of ours. */
export function specMounts(
  hostConfig: HostConfig,
  binds: readonly BindMount[],
  files: EngineFiles,
  init: string | undefined,
  shmOf?: string,
): OciMount[] {
  const users = userMounts(hostConfig, binds);
  const taken = new Set(users.map((m) => m.destination));
  const file = (destination: string, source: string) => mount(destination, 'bind', source, 'rbind', 'rprivate');
  const ours = [
    ...defaultMounts(hostConfig, shmOf),
    file('/etc/resolv.conf', files.resolvConf),
    file('/etc/hostname', files.hostname),
    file('/etc/hosts', files.hosts),
  ];
  if (init !== undefined) ours.push(mount(INIT_PATH, 'bind', init, 'bind', 'ro'));
  const kept = ours.filter(
    (m) => !taken.has(m.destination) && !(taken.has('/dev') && m.destination.startsWith('/dev/')),
  );
  if (hostConfig.ReadonlyRootfs) {
    // Files of ours that are bound into a read-only root would else be the writable places of it.
    for (const m of kept)
      if (!STAYS_WRITABLE.includes(m.destination) && !m.options.includes('ro')) m.options.push('ro');
  }
  return [...kept, ...users];
}
