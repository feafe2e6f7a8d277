import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';
import { hasRestartPolicy } from './restart-policy.js';

type EndDeps = Pick<Deps, 'containers' | 'restarts'>;

/** The container's end is asked for: its restart policy has no say in it. Written down where a later daemon has to know. */
export function meanToStop(deps: EndDeps & Pick<Deps, 'log'>, record: ContainerRecord): void {
  deps.restarts.stopping(record.id);
  if (!hasRestartPolicy(record.hostConfig.RestartPolicy)) return;
  try {
    deps.containers.setState(record.id, { manuallyStopped: true });
  } catch (error) {
    // Memory has it all the same; a disk that is full is no reason not to stop anything.
    deps.log.warn({ container: record.id, err: error }, 'store that a container is meant to stop');
  }
}

/** As endRestarting, for who holds the lock. */
export function endRestartingLocked(deps: EndDeps, id: string): boolean {
  deps.restarts.cancel(id);
  if (deps.containers.get(id)?.state.status !== 'restarting') return false;
  deps.containers.setState(id, { status: 'exited', manuallyStopped: true });
  deps.restarts.reset(id);
  return true;
}

/** Ends the waiting for a restart. False where the container does not wait: it was started in the same moment, or has ended. */
export const endRestarting = (deps: EndDeps & Pick<Deps, 'locks'>, id: string): Promise<boolean> =>
  // Under the lock: a start that has begun is to have come to its end before anybody looks.
  deps.locks.run(id, () => endRestartingLocked(deps, id));
