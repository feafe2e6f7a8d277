import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { UserMap } from '../../lib/id-map.js';
import { parseUsernsMode } from '../../runtime/user-maps.js';
import type { ContainerRecord } from '../../store/containers.js';

type UserDeps = Pick<Deps, 'containers' | 'users'>;

/** Whether it lives in a namespace of another container, with whose ids it then lives as well. */
const shares = ({ NetworkMode, PidMode, IpcMode }: HostConfig): boolean =>
  [NetworkMode, PidMode, IpcMode].some((mode) => mode?.startsWith('container:'));

/** What takes a privilege of the host that no root of a user namespace has, in Docker's words. */
const REFUSED: readonly (readonly [asked: (h: HostConfig) => boolean, sentence: string])[] = [
  [
    (h) => h.Privileged ?? false,
    'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when ' +
      'running privileged mode',
  ],
  [(h) => h.NetworkMode === 'host', "cannot share the host's network namespace when user namespaces are enabled"],
  [(h) => h.PidMode === 'host', 'cannot share the host PID namespace when user namespaces are enabled'],
  [(h) => h.IpcMode === 'host', 'cannot share the host IPC namespace when user namespaces are enabled'],
];

/** Checks that a container can be in the user namespace that it is to have. @throws EngineError invalid */
export function checkUserns({ users }: Pick<Deps, 'users'>, hostConfig: HostConfig): void {
  const { kind } = parseUsernsMode(hostConfig.UsernsMode ?? '');
  if (kind === 'host' || (kind === 'default' && !users.byDefault)) return;
  const refused = REFUSED.find(([asked]) => asked(hostConfig));
  if (refused) throw invalid(refused[1]);
}

/**
 * A range of ids for a new container, where it is to have one of its own. Whoever calls this records the container in the same
 * turn: what is recorded is what is taken.
 * @throws EngineError invalid, system: there is none to be had
 */
export function allocateUsers({ containers, users }: UserDeps, hostConfig: HostConfig): UserMap | undefined {
  const mode = parseUsernsMode(hostConfig.UsernsMode ?? '');
  const wanted =
    mode.kind === 'auto' ? mode : mode.kind === 'default' && users.autoByDefault ? parseUsernsMode('auto') : mode;
  if (wanted.kind !== 'auto' || shares(hostConfig)) return undefined;
  const taken = containers.list().flatMap((record) => record.users ?? []);
  return users.allocate(wanted.size, taken);
}

/** The user namespace that a container is to have; undefined is the host's. What it shares with another may say otherwise. */
export function usersOf({ users }: Pick<Deps, 'users'>, record: ContainerRecord): UserMap | undefined {
  const { kind } = parseUsernsMode(record.hostConfig.UsernsMode ?? '');
  return kind === 'host' ? undefined : (record.users ?? users.remap);
}

/** Whether it is not to be the host's. */
export const wantsUsers = ({ users }: Pick<Deps, 'users'>, { hostConfig }: ContainerRecord): boolean => {
  const { kind } = parseUsernsMode(hostConfig.UsernsMode ?? '');
  return kind === 'auto' || (kind === 'default' && users.byDefault);
};
