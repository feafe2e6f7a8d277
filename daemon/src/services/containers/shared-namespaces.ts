import { closeSync, openSync } from 'node:fs';
import type { ContainerCreateRequest, HostConfig } from '@tinydocker/shared/api/containers.js';
import { conflict, EngineError, invalid, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { pidStartTime } from '../../kernel/process.js';
import { userMapOf, userNamespaceOf } from '../../kernel/user-namespace.js';
import type { UserMap } from '../../lib/id-map.js';
import type { ContainerRecord } from '../../store/containers.js';
import { wantsUsers } from './user-namespace.js';
import { hasProcess, restarting } from './wait.js';

/*
 * Containers that live in namespaces of others: NetworkMode, PidMode and IpcMode of the form container:<name or id>.
 */

const PREFIX = 'container:';

/** The name or id of the container whose namespace a mode asks for; undefined where it asks for none. */
export const containerOf = (mode: string | null | undefined): string | undefined =>
  mode?.startsWith(PREFIX) ? mode.slice(PREFIX.length) : undefined;

/** What a container in the network of another has no say in. @throws EngineError invalid, in Docker's words */
export function checkSharedNetwork(request: ContainerCreateRequest, h: HostConfig): void {
  const target = containerOf(h.NetworkMode);
  if (target === undefined) return;
  if (target === '') throw invalid('invalid network mode: invalid container format container:<name|id>');
  const refuse = (what: string) => invalid(`conflicting options: ${what}`);
  if (request.Hostname) throw refuse('hostname and the network mode');
  if (h.Links?.length)
    throw refuse("container type network can't be used with links. This would result in undefined behavior");
  if (h.Dns?.length) throw refuse('dns and the network mode');
  if (h.ExtraHosts?.length) throw refuse('custom host-to-IP mapping and the network mode');
  if (Object.keys(h.PortBindings ?? {}).length || h.PublishAllPorts)
    throw refuse('port publishing and the container type network mode');
  if (Object.keys(request.ExposedPorts ?? {}).length) throw refuse('port exposing and the container type network mode');
}

/**
 * The modes of a request with ids in place of names, so that a rename changes nothing. The container in whose network
 * one is to live may come into being later, as Docker has it.
 * @throws EngineError invalid: there is no such container
 */
export function resolveShared(
  deps: Pick<Deps, 'containers'>,
  { NetworkMode, PidMode, IpcMode }: HostConfig,
): Pick<HostConfig, 'NetworkMode' | 'PidMode' | 'IpcMode'> {
  const resolve = (mode: string | null | undefined, required: boolean) => {
    const name = containerOf(mode);
    if (!name) return mode;
    try {
      return PREFIX + deps.containers.resolve(name).id;
    } catch (error) {
      if (!required) return mode;
      throw invalid((error as Error).message);
    }
  };
  return {
    NetworkMode: resolve(NetworkMode, false),
    PidMode: resolve(PidMode, true),
    IpcMode: resolve(IpcMode, true),
  };
}

/** Where the namespaces that a container joins are found, until close(). */
export interface Joined {
  /** Paths by the type of the OCI specification, each of which leads to that very namespace and to no other. */
  readonly paths: Readonly<Partial<Record<'network' | 'pid' | 'ipc' | 'user', string>>>;
  /** The maps of the user namespace among them. */
  readonly users?: UserMap;
  /** The mount namespace whose /dev/shm belongs to the ipc namespace. */
  readonly shm?: string;
  close(): void;
}

/** The container in whose network another lives. @throws EngineError */
function networkTarget(deps: Pick<Deps, 'containers'>, record: ContainerRecord, name: string): ContainerRecord {
  let target: ContainerRecord;
  try {
    target = deps.containers.resolve(name);
  } catch (error) {
    throw new EngineError('system', `joining network namespace of container: ${(error as Error).message}`);
  }
  if (target.id === record.id) throw new EngineError('system', 'cannot join own network namespace');
  if (target.state.status === 'restarting') throw restarting(target.id);
  if (!hasProcess(target)) {
    const state = `container ${target.name} is ${target.state.status}`;
    throw conflict(`cannot join network namespace of a non running container: ${state}`);
  }
  return target;
}

/** The container in whose pid or ipc namespace another lives. @throws EngineError */
function processTarget(deps: Pick<Deps, 'containers'>, name: string): ContainerRecord {
  if (name === '') throw invalid('invalid name or ID supplied: ""');
  const target = deps.containers.resolve(name);
  if (target.state.status === 'restarting') throw restarting(target.id);
  if (!hasProcess(target)) throw new EngineError('system', `container ${target.id} is not running`);
  return target;
}

function ipcTarget(deps: Pick<Deps, 'containers'>, name: string): ContainerRecord {
  const target = processTarget(deps, name);
  if (target.hostConfig.IpcMode === 'shareable') return target;
  const hint = 'hint: use IpcMode:shareable for the donor container';
  throw invalid(`container ${target.id}: non-shareable IPC (${hint})`);
}

/** Adds what failed in Docker's words to an error. */
function joining<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw within(`failed to join ${what} namespace`, error);
  }
}

/**
 * The container whose user namespace comes with the other namespaces, which belong to it: nobody from another one has power over them, and
 * from the host's the wall would have a hole.
 */
function userTarget(
  deps: Pick<Deps, 'users'>,
  record: ContainerRecord,
  targets: readonly ContainerRecord[],
): ContainerRecord | undefined {
  if (record.hostConfig.UsernsMode === 'host') return undefined;
  const names = targets.map(({ state }) => userNamespaceOf(state.pid));
  const other = names.findIndex((name) => name !== names[0]);
  if (other >= 0) {
    const both = `containers ${targets[0]!.name} and ${targets[other]!.name}`;
    throw invalid(`cannot share namespaces of ${both}: their user namespaces are not the same`);
  }
  if (names[0] !== undefined) return targets[0];
  if (wantsUsers(deps, record)) {
    throw invalid(
      `cannot share a namespace of container ${targets[0]!.name} when user namespaces are enabled: it is in the host's user namespace ` +
        `(--userns host)`,
    );
  }
  return undefined;
}

/** Nothing is shared: by far most containers. */
const NOTHING: Joined = { paths: {}, close() {} };

/**
 * Opens the namespaces of other containers that one is to live in. Held open by this daemon, whose /proc/<pid>/fd leads the shim to them:
 * a path below the other container's pid might come to mean another process in between.
 * @throws EngineError, in Docker's words: no such container, not running, not shareable
 */
export function openShared(deps: Pick<Deps, 'containers' | 'users'>, record: ContainerRecord): Joined {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  const [network, pid, ipc] = [containerOf(NetworkMode), containerOf(PidMode), containerOf(IpcMode)];
  if (network === undefined && pid === undefined && ipc === undefined) return NOTHING;
  const fds: number[] = [];
  const open = ({ id, state }: ContainerRecord, type: string): string => {
    const fd = openSync(`/proc/${state.pid}/ns/${type}`, 'r');
    fds.push(fd);
    // Asked behind the opening: what is open now is a namespace of the process that was meant.
    if (pidStartTime(state.pid) !== state.startTime) throw new EngineError('system', `container ${id} is not running`);
    return `/proc/${process.pid}/fd/${fd}`;
  };
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    const shared = ipc === undefined ? undefined : joining('IPC', () => ipcTarget(deps, ipc));
    const watched = pid === undefined ? undefined : joining('PID', () => processTarget(deps, pid));
    const connected = network === undefined ? undefined : networkTarget(deps, record, network);
    const targets = [shared, watched, connected].filter((target) => target !== undefined);
    const user = userTarget(deps, record, targets);
    const paths = {
      ...(shared && { ipc: joining('IPC', () => open(shared, 'ipc')) }),
      ...(watched && { pid: joining('PID', () => open(watched, 'pid')) }),
      ...(connected && { network: open(connected, 'net') }),
      ...(user && { user: open(user, 'user') }),
    };
    return {
      paths,
      ...(shared && { shm: joining('IPC', () => open(shared, 'mnt')) }),
      ...(user && { users: userMapOf(user.state.pid) }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The container whose host name and files in /etc one shows: its own, or those of the one in whose network it lives. */
export function namesOf(deps: Pick<Deps, 'containers'>, record: ContainerRecord): ContainerRecord {
  const target = containerOf(record.hostConfig.NetworkMode);
  return (target && deps.containers.get(target)) || record;
}
