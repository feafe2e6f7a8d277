import type { Deps } from '../../deps.js';
import { LayerHelper, type LayerReply } from '../../kernel/layer-helper.js';
import { openPid } from '../../kernel/process.js';
import { closeFd } from '../../kernel/socket.js';
import { userNamespaceOf } from '../../kernel/user-namespace.js';
import type { IdMapping } from '../../lib/id-map.js';
import type { SpecMount } from '../../runtime/spec-mounts.js';
import type { ContainerRecord } from '../../store/containers.js';
import { layerPaths } from './bundle.js';
import { engineFiles } from './engine-files.js';
import { usersOf } from './user-namespace.js';
import { locateMounts } from './volumes.js';

export type RootDeps = Pick<Deps, 'containers' | 'layers' | 'paths' | 'users' | 'volumes'>;

export interface RootOptions {
  /** Files are made or changed. Of a container that does not run, the caller holds the lock. */
  write?: boolean;
  /** Only the root's own file system, without what is mounted on it. */
  alone?: boolean;
  /** The helper reads something. */
  input?: boolean;
  /** Where an archive goes: the helper's descriptor 3. */
  archive?: number;
}

/** Whether its mounts can be seen through one of its processes. */
export const hasMounts = ({ state }: ContainerRecord): boolean =>
  state.pid > 0 && (state.status === 'running' || state.status === 'paused');

/** File systems that are the kernel's, or that end with the container: nothing of these is there while it does not run. */
const VOLATILE = /^\/(proc|sys|dev)(\/|$)/;

const escaped = (path: string): string => path.replace(/[\\:,]/g, '\\$&');

/** An upper directory in memory, below the directory that td-layer covers. */
const scratchOptions = (scratch: string): string[] => [
  `upperdir=${escaped(scratch)}/upper`,
  `workdir=${escaped(scratch)}/work`,
];

/** td-layer's words for layers to be merged, topmost first; `options` say where their upper directory is. */
function overlay(deps: RootDeps, layers: readonly string[], options: readonly string[]): string[] {
  const words = [`lowerdir=${layers.map(escaped).join(':')}`, ...options];
  // Any directory will do that no mount needs: the helper alone sees it covered.
  return ['scratch', deps.paths.trash, ...words.flatMap((word) => ['overlay', word])];
}

/** td-layer's words for the layers below a container's own, to be compared with that. */
export const lowerArguments = (deps: RootDeps, record: ContainerRecord): string[] =>
  overlay(deps, layerPaths(deps, record), scratchOptions(deps.paths.trash));

/** td-layer's words for the user namespace: what lies on disk has the container's ids, but for directories of the host. */
function usersArguments(deps: RootDeps, record: ContainerRecord): string[] {
  const users = usersOf(deps, record);
  const words = (map: readonly IdMapping[]) => map.map((m) => `${m.containerID}-${m.hostID}-${m.size}`).join('#');
  return users ? ['users', words(users.uids), words(users.gids)] : [];
}

/** The engine's files in /etc, as they were at the last start. */
function engineBinds(deps: RootDeps, record: ContainerRecord, users: readonly SpecMount[]): string[] {
  const files = engineFiles(deps.paths.container(record.id));
  const binds = { hostname: files.hostname, hosts: files.hosts, 'resolv.conf': files.resolvConf };
  const isTaken = (path: string) =>
    users.some(({ destination, rw }) => destination === path || (!rw && path.startsWith(`${destination}/`)));
  return Object.entries(binds).flatMap(([name, source]) =>
    isTaken(`/etc/${name}`) ? [] : ['bind', source, `/etc/${name}`, 'rw,optional'],
  );
}

/**
 * The same for the root of a container that does not run: its layers, and what would be mounted on them. To be read, it gets an
 * upper directory in memory, so that what the helper makes for its mounts is not kept, and so that it may be there beside the
 * container's own.
 */
function assembledRoot(deps: RootDeps, record: ContainerRecord, write: boolean): string[] {
  const { hostConfig, id } = record;
  const dir = deps.paths.container(id);
  const upper = `${dir}/upper`;
  const layers = layerPaths(deps, record);
  const onHost = ({ type, destination }: SpecMount) =>
    (type === 'bind' || type === 'volume') && !VOLATILE.test(destination);
  const depth = ({ destination }: SpecMount) => destination.split('/').length;
  const binds = locateMounts(deps, record)
    .filter(onHost)
    .sort((a, b) => depth(a) - depth(b));
  return [
    ...(write
      ? overlay(deps, layers, [`upperdir=${escaped(upper)}`, `workdir=${escaped(dir)}/work`])
      : overlay(deps, [upper, ...layers], scratchOptions(deps.paths.trash))),
    ...usersArguments(deps, record),
    ...binds.flatMap(({ type, source, destination, rw, subpath, idmap }) => {
      const access = (rw ? 'rw' : 'ro') + (type === 'bind' && idmap === undefined ? ',host' : '');
      // What is only to be read may be missing; what is written must not go somewhere else.
      const bind = ['bind', source, destination, write ? access : `${access},optional`];
      return subpath === undefined ? bind : ['subpath', subpath, ...bind];
    }),
    ...engineBinds(deps, record, binds),
    ...(write && hostConfig.ReadonlyRootfs ? ['read-only'] : []),
  ];
}

/** Whether what is mounted in it cannot be taken away: the kernel's rule for mounts in a user namespace of its own. */
function hasLockedMounts({ state }: ContainerRecord): boolean {
  try {
    return userNamespaceOf(state.pid) !== undefined;
  } catch {
    return false; // it has just ended
  }
}

/** Starts td-layer in a container's root. */
export function startInRoot(
  deps: RootDeps,
  record: ContainerRecord,
  verb: string,
  args: readonly string[],
  options: RootOptions = {},
): LayerHelper {
  const fds = options.archive === undefined ? [] : [options.archive];
  const joins = hasMounts(record) && !(options.alone && hasLockedMounts(record));
  const pidfd = joins ? openPid(record.state.pid, record.state.startTime) : undefined;
  try {
    const root =
      pidfd === undefined
        ? assembledRoot(deps, record, options.write ?? false)
        : ['pidfd', String(3 + fds.push(pidfd) - 1)];
    return new LayerHelper(verb, [...root, ...args], { input: options.input, fds });
  } finally {
    if (pidfd !== undefined) closeFd(pidfd);
  }
}

/**
 * The same, with the first reply. A container that ends in between is looked at once more, as one that does not run, unless
 * something is to be written there.
 * @returns the helper at work, or, closed, with what went wrong
 */
export async function askInRoot<T extends object>(
  deps: RootDeps,
  id: string,
  verb: string,
  args: readonly string[],
  options: RootOptions = {},
): Promise<{ helper: LayerHelper; reply: ({ ok: true } & T) | (LayerReply & { ok: false }) }> {
  for (let again = !options.write; ; again = false) {
    const helper = startInRoot(deps, deps.containers.resolve(id), verb, args, options);
    const reply = await helper.reply<T>();
    if (!reply.ok) await helper.close();
    if (reply.ok || reply.kind !== 'gone' || !again) return { helper, reply };
  }
}
