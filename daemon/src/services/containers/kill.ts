import { conflict, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { thawCgroup } from '../../kernel/freezer.js';
import type { Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { cgroupOf } from './bundle.js';
import { endRestarting, meanToStop } from './end-restarting.js';
import { publishContainer } from './publish.js';
import { deliverSignal } from './signal.js';
import { parseSignal } from './signals.js';
import { isRunning, untilExited } from './wait.js';

export type KillDeps = Pick<Deps, 'config' | 'containers' | 'events' | 'locks' | 'log' | 'restarts' | 'shims'>;

const SIGKILL = 9;

/** Shims whose container has been sent SIGKILL: what pauses at the same moment must not keep it from dying. */
const doomed = new WeakSet<Shim>();

export const isDoomed = (shim: Shim | undefined): boolean => shim !== undefined && doomed.has(shim);

/** Lets a paused container go on and says so; one that is not paused is left as it is. */
export function resumeContainer(deps: Pick<Deps, 'config' | 'containers' | 'events'>, id: string): void {
  const record = deps.containers.get(id);
  if (record?.state.status !== 'paused') return;
  thawCgroup(cgroupOf(deps, record));
  publishContainer(deps, deps.containers.setState(id, { status: 'running' }), 'unpause');
}

/** Whether a signal wakes a paused container, as Docker has it: any, unless its stop signal is another. */
const wakes = ({ config }: ContainerRecord, signal: number): boolean =>
  !config.StopSignal || parseSignal(config.StopSignal) === signal;

/**
 * Sends a signal to the first process of a running container and says so. One that has just ended has got it; what stands
 * still dies of SIGKILL as well. `toEnd`: it is meant to end by it.
 */
export async function sendSignal(
  deps: Omit<KillDeps, 'locks'>,
  record: ContainerRecord,
  signal: number,
  toEnd: boolean,
): Promise<void> {
  const shim = deps.shims.get(record.id);
  if (shim && signal === SIGKILL) doomed.add(shim);
  if (toEnd) meanToStop(deps, record);
  let told = false;
  const tell = () => {
    if (!told) publishContainer(deps, record, 'kill', { signal: String(signal) });
    told = true;
  };
  await deliverSignal(deps, record, signal, tell);
  tell();
  if (signal !== SIGKILL && wakes(record, signal)) resumeContainer(deps, record.id);
  if (signal === SIGKILL && deps.containers.get(record.id)?.state.status === 'paused') {
    thawCgroup(cgroupOf(deps, record));
  }
}

/**
 * Sends a signal (name or number, SIGKILL by default); after a SIGKILL the container has ended. One that waits to be restarted
 * has no process, and waits no more.
 * @throws EngineError not-found, invalid (no such signal), conflict (it does not run)
 */
export async function killContainer(deps: KillDeps, nameOrId: string, signal?: string): Promise<void> {
  try {
    const record = deps.containers.resolve(nameOrId);
    const number = parseSignal(signal || 'SIGKILL');
    if (!isRunning(record)) throw conflict(`container ${record.id} is not running`);
    const ends = number === SIGKILL || number === parseSignal(record.config.StopSignal || 'SIGTERM');
    if (record.state.status === 'restarting' && (!ends || (await endRestarting(deps, record.id)))) return;
    await sendSignal(deps, record, number, ends);
    if (number === SIGKILL) await untilExited(deps, record.id);
  } catch (error) {
    throw within(`cannot kill container: ${nameOrId}`, error);
  }
}
