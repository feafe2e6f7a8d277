import { ZERO_TIME } from '../../lib/clock.js';
import type { ContainerRecord } from '../../store/containers.js';
import { hasRestartPolicy, startsWithDaemon } from './restart-policy.js';
import { containerOf } from './shared-namespaces.js';
import { type StartDeps, startContainer, startLocked } from './start.js';
import { isRunning } from './wait.js';

/** The delay of a container's restart is over. It may have been stopped or removed in the last moment. */
export async function restartDue(deps: StartDeps, id: string): Promise<void> {
  try {
    await deps.locks.run(id, async () => {
      if (deps.containers.get(id)?.state.status === 'restarting') await startLocked(deps, id, true);
    });
  } catch (error) {
    deps.log.warn({ container: id, err: error }, 'restart container by its policy');
  }
}

function wantsStart({ hostConfig, state }: ContainerRecord): boolean {
  if (!hasRestartPolicy(hostConfig.RestartPolicy) || state.startedAt === ZERO_TIME) return false;
  return startsWithDaemon({
    policy: hostConfig.RestartPolicy,
    exitCode: state.exitCode,
    manuallyStopped: state.manuallyStopped ?? false,
    restartCount: state.restartCount,
  });
}

const sharesWithOthers = ({ hostConfig: h }: ContainerRecord): boolean =>
  [h.NetworkMode, h.PidMode, h.IpcMode].some((mode) => containerOf(mode) !== undefined);

/**
 * Starts what is to run whenever a daemon does, after a restart of the machine above all. Those that live in namespaces of
 * others come after the others.
 */
export async function startWithDaemon(deps: StartDeps): Promise<void> {
  const wanted = deps.containers
    .list()
    .filter((record) => (record.state.status === 'restarting' || !isRunning(record)) && wantsStart(record));
  const ordered = [...wanted.filter((r) => !sharesWithOthers(r)), ...wanted.filter(sharesWithOthers)];
  for (const { id, state } of ordered) {
    if (state.status === 'restarting') {
      await restartDue(deps, id);
      continue;
    }
    await startContainer(deps, id).catch((error) => {
      deps.log.warn({ container: id, err: error }, 'start container by its restart policy');
    });
  }
}
