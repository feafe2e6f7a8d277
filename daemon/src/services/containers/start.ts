import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { conflict, EngineError, notModified } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import { faultStep } from '../../lib/fault.js';
import { StepRecorder } from '../../lib/steps.js';
import { Undo } from '../../lib/undo.js';
import { removeBundle } from '../../runtime/bundle.js';
import { ShimFailure, type ShimReply } from '../../runtime/channel.js';
import type { SeccompFilter } from '../../runtime/seccomp-filters.js';
import { Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { publishPlaces, takePlaces } from '../networks/places.js';
import { publishPorts } from '../networks/ports.js';
import { prepareBundle, prepareFiles, writeBundle } from './bundle.js';
import { appArmorReady } from './confinement.js';
import { writeHosts } from './engine-files.js';
import { describeFailure } from './failure.js';
import { checkLinks, linkedTo } from './links.js';
import { containerMounts } from './mounts.js';
import { checkPropagation } from './propagation.js';
import { publishContainer } from './publish.js';
import { removeLocked } from './remove.js';
import { seccompOf } from './seccomp.js';
import { type Joined, openShared } from './shared-namespaces.js';
import { keepSteps } from './steps.js';
import { type SuperviseDeps, supervise } from './supervise.js';
import { mountVolumes } from './volumes.js';
import { hasProcess, isRunning } from './wait.js';

export type StartDeps = SuperviseDeps & Pick<Deps, 'apparmor' | 'locks' | 'seccomp' | 'users'>;

/** `-v` makes a missing source directory, as Docker always has; a start that fails takes it away again. */
function makeSources(record: ContainerRecord, steps: StepRecorder, undo: Undo): void {
  for (const { source, createSource } of containerMounts(record)) {
    if (!createSource || statSync(source, { throwIfNoEntry: false })) continue;
    const first = steps.run('mkdir', source, () => mkdirSync(source, { recursive: true, mode: 0o755 }));
    if (first === undefined) continue; // another start was faster
    undo.push('remove bind source', () => {
      for (let dir = source; dir.length >= first.length; dir = dirname(dir)) rmdirSync(dir);
    });
  }
}

/** Spawns the shim and hands over the clients that have been waiting for it. */
function launch(
  deps: StartDeps,
  record: ContainerRecord,
  steps: StepRecorder,
  undo: Undo,
  joined: Joined,
  filter: SeccompFilter | undefined,
): Shim {
  const { id } = record;
  const bundle = deps.paths.bundle(id);
  undo.push('remove bundle', () => removeBundle(bundle));
  prepareBundle(deps, record, steps);
  const fd = steps.run('fork', `td-shim ${bundle}`, () =>
    deps.shims.zygote.fork(id, bundle, faultStep('TINYDOCKER_FAIL_STEP')),
  );
  const shim = supervise(deps, id, (listener) => new Shim(fd, listener));
  undo.push('end shim', async () => {
    await shim.shutdown();
    await deps.shims.cleared(id);
  });
  // While the shim comes into being on another processor: it looks at them when it is asked for something.
  writeBundle(deps, record, steps, joined, filter);
  prepareFiles(deps, record, steps);
  handOver(deps, id, shim);
  return shim;
}

/** Gives the shim the clients that attached when there was none. */
function handOver(deps: StartDeps, id: string, shim: Shim): void {
  for (const { streams, connection } of deps.shims.takeWaiting(id)) {
    shim.attach('', streams, connection).catch((error) => deps.log.warn({ container: id, err: error }, 'attach'));
    connection.close();
  }
}

/** Those that have a link to a container learn its new address. */
function tellLinked(deps: StartDeps, record: ContainerRecord): void {
  for (const each of linkedTo(deps, record)) {
    try {
      writeHosts(deps, deps.paths.container(each.id), each);
    } catch (error) {
      deps.log.warn({ container: each.id, err: error }, 'write hosts of a linked container');
    }
  }
}

/** Takes the shim's answer: from here on it runs. Called before any event of its end can be. */
function started(deps: StartDeps, id: string, reply: ShimReply, again: boolean): void {
  const record = deps.containers.observeState(id, {
    status: 'running',
    pid: reply.pid ?? 0,
    startTime: reply.startTime ?? 0,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: timestamp(),
    ...(!again && { restartCount: 0, manuallyStopped: undefined }),
  });
  publishPlaces(deps, record, 'connect');
  publishContainer(deps, record, 'start');
  tellLinked(deps, record);
}

/** Undoes what there is and leaves the container as it was, with the reason. @returns the error to answer with */
async function failed(deps: StartDeps, record: ContainerRecord, undo: Undo, error: unknown): Promise<EngineError> {
  for (const { connection } of deps.shims.takeWaiting(record.id)) connection.close();
  for (const problem of await undo.unwind()) deps.log.error({ container: record.id, err: problem }, 'undo start');
  const { message, exitCode, kind } = describeFailure(error);
  const sentence = `failed to start container "${record.name}": ${message}`;
  try {
    const status = record.state.status === 'restarting' ? 'exited' : record.state.status;
    deps.containers.setState(record.id, { ...record.state, status, pid: 0, startTime: 0, exitCode, error: sentence });
  } catch (problem) {
    deps.log.error({ container: record.id, err: problem }, 'store a start that failed'); // memory has it all the same
  }
  return new EngineError(kind, sentence, { cause: error });
}

/** Waits for the shim of an earlier start, whose cgroup has the same name: it clears up at once where someone waits for it. */
async function endEarlier(deps: StartDeps, id: string): Promise<void> {
  await deps.shims.get(id)?.shutdown();
  await deps.shims.cleared(id);
}

/**
 * Starts a container whose lock the caller holds; `again`: because of its restart policy, for which it has been waiting.
 * @throws EngineError
 */
export async function startLocked(deps: StartDeps, id: string, again = false): Promise<void> {
  const record = deps.containers.resolve(id);
  if (record.state.status === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (again ? hasProcess(record) : isRunning(record)) throw notModified(`container ${record.name} is already running`);
  await endEarlier(deps, id);
  const steps = new StepRecorder(faultStep('TINYDOCKER_FAIL_DAEMON_STEP'));
  const undo = new Undo();
  let joined: Joined | undefined;
  if (again) deps.restarts.cancel(id);
  else deps.restarts.reset(id);
  try {
    makeSources(record, steps, undo);
    if (containerMounts(record).length > 0) {
      checkPropagation(containerMounts(record));
      await mountVolumes(deps, record, undo);
    }
    const loading = appArmorReady(deps, record);
    if (loading) await loading;
    const filter = seccompOf(deps, record);
    const compiled = filter instanceof Promise ? await steps.wait('seccomp', 'compile the profile', filter) : filter;
    checkLinks(deps, record);
    joined = openShared(deps, record);
    const placed = takePlaces(deps, record, steps, undo);
    const shim = launch(deps, placed, steps, undo, joined, compiled);
    await publishPorts(deps, placed, steps, undo);
    await shim.start((reply) => {
      keepSteps(deps, id, steps.steps, shim.steps);
      started(deps, id, reply, again);
      undo.commit();
      handOver(deps, id, shim);
    });
  } catch (error) {
    keepSteps(deps, id, [...steps.steps, ...(error instanceof ShimFailure ? error.steps : [])]);
    const answer = await failed(deps, record, undo, error);
    if (record.hostConfig.AutoRemove) removeLocked(deps, id);
    throw answer;
  } finally {
    joined?.close();
  }
}

/** Starts a container. @throws EngineError not-found, not-modified (it runs), invalid (its command), system */
export async function startContainer(deps: StartDeps, nameOrId: string): Promise<void> {
  const { id } = deps.containers.resolve(nameOrId);
  await deps.locks.run(id, () => startLocked(deps, id));
}
