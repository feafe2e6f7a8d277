import { mkdirSync, readdirSync } from 'node:fs';
import type { ExecConfig } from '@tinydocker/shared/api/exec.js';
import { cgroupChildren, prepareParent } from '../../kernel/cgroup.js';
import { isFrozen } from '../../kernel/freezer.js';
import { timestamp } from '../../lib/clock.js';
import { prepareBundles, readCgroupPath, readExit, removeBundle } from '../../runtime/bundle.js';
import { containerCgroup, destroyCgroup } from '../../runtime/cgroup.js';
import type { ShimReply } from '../../runtime/channel.js';
import { connectShim, type ExitReport, Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { cgroupOf } from './bundle.js';
import { makeMountpoints } from './mountpoints.js';
import { removeLocked } from './remove.js';
import { resumeInterrupted } from './stand-still.js';
import { recordExit, type SuperviseDeps, supervise } from './supervise.js';
import { hasProcess } from './wait.js';

/** ms that a shim has to answer: one that hangs keeps its container, and nobody else waits for it. */
const HELLO_TIMEOUT = 2000;

/** The control connection to a container's shim; undefined where none listens. */
function connect(bundle: string): number | undefined {
  try {
    return connectShim(bundle);
  } catch {
    return undefined;
  }
}

/** What the daemon that started an exec has left with its shim. */
function configOf(note: string | undefined): ExecConfig {
  try {
    return JSON.parse(note ?? '{}') as ExecConfig;
  } catch {
    return {};
  }
}

function restoreExecs(deps: SuperviseDeps, id: string, reply: ShimReply): void {
  for (const known of reply.execs ?? []) {
    deps.shims.execs.add({
      id: known.exec,
      containerId: id,
      config: configOf(known.note),
      started: true,
      running: known.running,
      pid: known.pid,
      exitCode: known.running ? null : known.status,
      idleSince: performance.now(),
    });
  }
}

/** A shim answered: its word is the truth, where the store has another. */
async function reconcile(deps: SuperviseDeps, record: ContainerRecord, shim: Shim, reply: ShimReply): Promise<void> {
  const { id } = record;
  if (reply.state === 'created') {
    // The daemon went away in the middle of a start: to be started again, or not.
    await shim.shutdown();
    return;
  }
  restoreExecs(deps, id, reply);
  if (!hasProcess(record)) {
    // It runs, and the daemon went away before it could write that down.
    const now = timestamp();
    deps.containers.setState(id, { status: 'running', exitCode: 0, error: '', oomKilled: false, startedAt: now });
  }
  // The daemon may have gone away between the freezer and the store.
  const status = isFrozen(cgroupOf(deps, record)) ? 'paused' : 'running';
  deps.containers.setState(id, { status, pid: reply.pid ?? 0, startTime: reply.startTime ?? 0 });
  if (reply.state !== 'stopped') return;
  const report = readExit(deps.paths.bundle(id));
  if (report) recordExit(deps, id, report);
  shim.ack('exit');
}

/** What became of a container that has no shim any more. */
function reportWithoutShim(deps: SuperviseDeps, id: string, hadBundle: boolean): { report: ExitReport; error: string } {
  const report = hadBundle ? readExit(deps.paths.bundle(id)) : undefined;
  if (report) return { report, error: '' };
  const lost = { signal: 0, oomKilled: false, exitedAt: timestamp() };
  // Bundles do not outlive the machine: without one, everything has ended with it.
  if (!hadBundle) return { report: { ...lost, status: 255 }, error: '' };
  return { report: { ...lost, status: 137, signal: 9 }, error: 'its shim was killed' };
}

async function restoreOne(deps: SuperviseDeps, record: ContainerRecord, hasBundle: boolean): Promise<void> {
  const { id } = record;
  const bundle = deps.paths.bundle(id);
  const fd = hasBundle ? connect(bundle) : undefined;
  if (fd !== undefined) {
    const shim = supervise(deps, id, (listener) => new Shim(fd, listener));
    const hello = shim.hello().then((reply) => reconcile(deps, record, shim, reply));
    await Promise.race([hello, new Promise((resolve) => setTimeout(resolve, HELLO_TIMEOUT).unref())]);
    return;
  }
  if (hasBundle || hasProcess(record)) {
    if (!(await destroyCgroup(cgroupOf(deps, record)))) deps.log.error({ container: id }, 'cgroup cannot be removed');
  }
  const ended = hasBundle ? readExit(bundle) : undefined;
  if (ended && !hasProcess(record) && record.state.finishedAt < ended.exitedAt) {
    // It ran and ended, and the daemon went away before it could write down either.
    deps.containers.setState(id, { status: 'running', error: '', oomKilled: false, startedAt: ended.exitedAt });
    recordExit(deps, id, ended);
  } else if (hasProcess(record)) {
    const { report, error } = reportWithoutShim(deps, id, hasBundle);
    recordExit(deps, id, report, error);
  } else if (record.state.status === 'exited' && record.hostConfig.AutoRemove) {
    await deps.locks.run(id, () => removeLocked(deps, id));
  }
  deps.containers.flush();
  removeBundle(bundle);
}

/** A bundle without a container: what runs in it is ended. */
async function removeStrayBundle(deps: SuperviseDeps, id: string): Promise<void> {
  const bundle = deps.paths.bundle(id);
  const fd = connect(bundle);
  if (fd !== undefined) {
    const shim = new Shim(fd, {
      exit: () => shim.ack('exit'),
      execExit() {},
      detach() {},
      log() {},
      oom() {},
      resolver() {},
      gone() {},
    });
    await shim.shutdown();
  }
  await destroyCgroup(readCgroupPath(bundle) ?? containerCgroup(id, deps.config.cgroupParent));
  removeBundle(bundle);
}

/**
 * Brings kernel, disk and store together after a start of the daemon, which is the same after a crash, an update or a restart
 * of the machine: connects to the shims that are there, records the end of containers that have ended meanwhile, and
 * removes what belongs to no container.
 */
export async function restoreContainers(deps: SuperviseDeps): Promise<void> {
  const { cgroupParent } = deps.config;
  deps.shims.load(deps.paths.bundles); // now, where a missing program keeps the daemon from starting
  prepareParent(cgroupParent);
  makeMountpoints(deps.paths.mountpoints);
  deps.directories.prepare();
  const unmounted = prepareBundles(deps.paths.bundles);
  if (unmounted) deps.log.warn({ err: unmounted }, 'bundles are on a disk');
  mkdirSync(deps.paths.containers, { recursive: true, mode: 0o700 });
  const bundles = new Set(readdirSync(deps.paths.bundles));
  const problem = (id: string) => (error: unknown) =>
    deps.log.error({ container: id, err: error }, 'restore container');
  const records = deps.containers.list();
  const known = new Set(records.map((record) => record.id));
  await Promise.all(
    records.map((record) => restoreOne(deps, record, bundles.has(record.id)).catch(problem(record.id))),
  );
  const strays = [...bundles].filter((id) => !known.has(id));
  await Promise.all(strays.map((id) => removeStrayBundle(deps, id).catch(problem(id))));
  for (const id of readdirSync(deps.paths.containers)) if (!known.has(id)) deps.trash.discard(deps.paths.container(id));
  for (const id of cgroupChildren(cgroupParent)) {
    if (!known.has(id)) await destroyCgroup(containerCgroup(id, cgroupParent)).catch(problem(id));
  }
  await resumeInterrupted(deps);
}
