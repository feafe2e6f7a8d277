import { conflict, SystemError, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { freezeCgroup, thawCgroup } from '../../kernel/freezer.js';
import type { ContainerRecord } from '../../store/containers.js';
import { cgroupOf } from './bundle.js';
import { isDoomed } from './kill.js';
import { publishContainer } from './publish.js';
import { isRunning } from './wait.js';

type PauseDeps = Pick<Deps, 'config' | 'containers' | 'events' | 'locks' | 'shims'>;

/** Containers that are about to stand still. */
const pausing = new Set<string>();

/** Whether nothing may be started in a container: it would stand still before it has become what it is to be. */
export const isStill = (record: ContainerRecord): boolean => record.state.status === 'paused' || pausing.has(record.id);

/** ms that execs which are just being started are waited for. */
const EXEC_TIMEOUT = 5000;

/**
 * Waits until no exec is between its request and its program: the shim waits for that moment, and a shim that waits for a
 * frozen process serves nobody.
 */
async function untilExecsRun({ shims }: PauseDeps, id: string): Promise<void> {
  const end = performance.now() + EXEC_TIMEOUT;
  const starting = () => shims.execs.of(id).some((e) => e.started && !e.running && e.exitCode === null);
  while (starting()) {
    if (performance.now() > end) throw conflict('an exec of it is being started and does not get on');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function pauseLocked(deps: PauseDeps, id: string): Promise<void> {
  const record = deps.containers.resolve(id);
  if (!isRunning(record)) throw conflict(`container ${id} is not running`);
  if (record.state.status === 'paused') throw conflict(`Container ${id} is already paused`);
  if (record.state.status === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  const cgroup = cgroupOf(deps, record);
  pausing.add(id);
  try {
    await untilExecsRun(deps, id);
    await freezeCgroup(cgroup).catch((error) => {
      const hangs = error instanceof SystemError && error.code === 'ETIMEDOUT';
      throw within(`cannot pause container ${id}`, hangs ? new Error('a process of it does not come to rest') : error);
    });
    const now = deps.containers.get(id);
    if (!now || !isRunning(now) || isDoomed(deps.shims.get(id))) {
      thawCgroup(cgroup);
      throw conflict(`container ${id} is not running`);
    }
    try {
      deps.containers.setState(id, { status: 'paused' });
    } catch (error) {
      thawCgroup(cgroup);
      deps.containers.setState(id, { status: 'running' });
      throw error;
    }
    publishContainer(deps, now, 'pause');
  } finally {
    pausing.delete(id);
  }
}

/** Stops all processes of a container where they stand. @throws EngineError not-found, conflict, system (they do not come to rest) */
export async function pauseContainer(deps: PauseDeps, nameOrId: string): Promise<void> {
  const { id } = deps.containers.resolve(nameOrId);
  await deps.locks.run(id, () => pauseLocked(deps, id));
}
