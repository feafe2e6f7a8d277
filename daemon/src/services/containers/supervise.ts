import { EngineError } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import { removeBundle } from '../../runtime/bundle.js';
import { destroyCgroup } from '../../runtime/cgroup.js';
import type { ExitReport, Shim, ShimListener } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { execEnded } from '../exec/ended.js';
import { serveNames } from '../networks/name-server.js';
import { publishPlaces, releasePlaces } from '../networks/places.js';
import { withdrawPorts } from '../networks/ports.js';
import { cgroupOf } from './bundle.js';
import { reportLogTrouble } from './log-trouble.js';
import { publishContainer } from './publish.js';
import { type RemoveDeps, removeLocked } from './remove.js';
import { hasRestartPolicy, restartDelay } from './restart-policy.js';
import { releaseVolumes } from './volumes.js';
import { hasProcess } from './wait.js';

export type SuperviseDeps = RemoveDeps & Pick<Deps, 'directories' | 'names'>;

/** Whole seconds between start and end, as the event says it. */
const duration = ({ state }: ContainerRecord): string =>
  String(Math.max(0, Math.floor((Date.parse(state.finishedAt) - Date.parse(state.startedAt)) / 1000)));

/** ms until a container that has just ended is to be started again; undefined where it is not. */
function restartOf(
  deps: SuperviseDeps,
  { hostConfig, id, state }: ContainerRecord,
  report: ExitReport,
  manuallyStopped: boolean,
): number | undefined {
  // As it stands now: an update may have changed it while the container ran.
  const policy = hostConfig.RestartPolicy;
  if (!hasRestartPolicy(policy)) return undefined;
  return restartDelay({
    policy,
    exitCode: report.status,
    manuallyStopped,
    restartCount: state.restartCount,
    ranFor: Date.parse(report.exitedAt) - Date.parse(state.startedAt),
    lastDelay: deps.restarts.lastDelay(id),
  });
}

/** A running container has ended: state, events, and its removal where that was asked for. */
export function recordExit(deps: SuperviseDeps, id: string, report: ExitReport, error = ''): void {
  const before = deps.containers.get(id);
  if (!before || !hasProcess(before)) return;
  deps.shims.execs.endAll(id);
  deps.names.close(id);
  const manuallyStopped = before.state.manuallyStopped || deps.restarts.isStopping(id);
  const delay = restartOf(deps, before, report, manuallyStopped);
  const record = deps.containers.observeState(id, {
    status: delay === undefined ? 'exited' : 'restarting',
    ...(delay !== undefined && { restartCount: before.state.restartCount + 1 }),
    ...(manuallyStopped && { manuallyStopped }),
    pid: 0,
    startTime: 0,
    exitCode: report.status,
    error,
    oomKilled: report.oomKilled || before.state.oomKilled,
    // The shim's clock is finer than ours: what ends at once would else end before it began.
    finishedAt: report.exitedAt > before.state.startedAt ? report.exitedAt : before.state.startedAt,
  });
  releaseVolumes(deps, record);
  // Before the addresses can be another's.
  void withdrawPorts(deps, record);
  releasePlaces(deps, record);
  // Unless it has been told of when it happened.
  if (report.oomKilled && !before.state.oomKilled) publishContainer(deps, record, 'oom');
  publishContainer(deps, record, 'die', { exitCode: String(report.status), execDuration: duration(record) });
  publishPlaces(deps, record, 'disconnect');
  if (delay !== undefined) deps.restarts.schedule(id, delay);
  else if (record.hostConfig.AutoRemove && !deps.restarts.isKept(id)) void autoRemove(deps, id);
}

/** A container ran out of memory: known from now on, also while it goes on. */
function recordOom(deps: SuperviseDeps, id: string): void {
  const record = deps.containers.get(id);
  if (!record || !hasProcess(record)) return;
  publishContainer(deps, record.state.oomKilled ? record : deps.containers.setState(id, { oomKilled: true }), 'oom');
}

/** Removes a container that asked for it, once it has ended; others may have been faster. */
export async function autoRemove(deps: SuperviseDeps, id: string): Promise<void> {
  try {
    await deps.locks.run(id, () => removeLocked(deps, id));
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return;
    deps.log.error({ container: id, err: error }, 'remove container that has ended');
  }
}

/**
 * The shim has ended without a word: it was killed. Its container still runs, now without anyone who reads its output or
 * would reap it; it is ended, and what the shim would have cleaned up is cleaned up.
 */
async function shimLost(deps: SuperviseDeps, record: ContainerRecord): Promise<void> {
  const cgroup = cgroupOf(deps, record);
  if (!(await destroyCgroup(cgroup))) deps.log.error({ container: record.id, cgroup }, 'cgroup cannot be removed');
  if (!hasProcess(deps.containers.get(record.id) ?? record)) return;
  const report = { status: 137, signal: 9, oomKilled: false, exitedAt: timestamp() };
  recordExit(deps, record.id, report, 'its shim was killed');
}

/**
 * Connects a container to its shim: registers it, follows its events, and cleans up behind it. The registry's entry goes when
 * nothing is left of it but the container itself.
 */
export function supervise(deps: SuperviseDeps, id: string, connect: (listener: ShimListener) => Shim): Shim {
  let reported = false;
  // What goes wrong with one container's event is no reason to end a daemon that others need.
  const guarded = (what: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      deps.log.error({ container: id, err: error }, what);
    }
  };
  const shim = connect({
    exit(report) {
      reported = true;
      guarded('store the end of a container', () => recordExit(deps, id, report));
      guarded('acknowledge the end of a container', () => shim.ack('exit'));
    },
    execExit(report) {
      guarded('record the end of an exec', () => execEnded(deps, id, report));
      guarded('acknowledge the end of an exec', () => shim.ack('exec-exit', report.exec));
    },
    detach(target, reason) {
      const record = deps.containers.get(id);
      if (!record || reason !== 'keys') return;
      if (target === '') publishContainer(deps, record, 'detach');
      else publishContainer(deps, record, 'exec_detach', { execID: target });
    },
    log: (target, errno, lost) => reportLogTrouble(deps, id, target, errno, lost),
    oom() {
      guarded('store that a container ran out of memory', () => recordOom(deps, id));
    },
    resolver() {
      void serveNames(deps, id, shim);
    },
    gone() {
      deps.names.close(id);
    },
  });
  const clear = async () => {
    await shim.gone;
    const record = deps.containers.get(id);
    if (!reported && record) await shimLost(deps, record);
    deps.containers.flush(); // before the bundle goes, which knows it too
    removeBundle(deps.paths.bundle(id));
  };
  const cleared = clear().catch((error) => deps.log.error({ container: id, err: error }, 'clean up behind a shim'));
  deps.shims.add(id, shim, cleared);
  return shim;
}

/** Has the shims of containers that have ended clear up at once: the daemon, which would see to what they leave, is about to end. */
export async function endLingering(deps: SuperviseDeps): Promise<void> {
  const ended = deps.shims.ids().filter((id) => (deps.containers.get(id)?.state.status ?? 'exited') === 'exited');
  await Promise.all(
    ended.map(async (id) => {
      await deps.shims.get(id)?.shutdown();
      await deps.shims.cleared(id);
    }),
  );
}
