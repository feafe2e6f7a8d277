import { conflict, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { thawCgroup } from '../../kernel/freezer.js';
import { ShimGone } from '../../runtime/channel.js';
import type { Shim } from '../../runtime/shim.js';
import type { ContainerRecord } from '../../store/containers.js';
import { cgroupOf } from './bundle.js';
import { publishContainer } from './publish.js';
import { parseSignal } from './signals.js';
import { isRunning, untilExited } from './wait.js';

export type KillDeps = Pick<Deps, 'config' | 'containers' | 'events' | 'shims'>;

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

/** Hands a signal to the first process. One that has just ended has got it. */
async function deliver(shim: Shim | undefined, signal: number): Promise<void> {
  try {
    await shim?.kill(signal);
  } catch (error) {
    const gone = error instanceof ShimGone || (error as { errno?: string }).errno === 'ESRCH';
    if (!gone) throw error;
  }
}

/** Sends a signal to the first process of a running container and says so. What stands still dies of SIGKILL as well. */
export async function sendSignal(deps: KillDeps, record: ContainerRecord, signal: number): Promise<void> {
  const shim = deps.shims.get(record.id);
  if (shim && signal === SIGKILL) doomed.add(shim);
  await deliver(shim, signal);
  publishContainer(deps, record, 'kill', { signal: String(signal) });
  if (signal !== SIGKILL && wakes(record, signal)) resumeContainer(deps, record.id);
  if (signal === SIGKILL && deps.containers.get(record.id)?.state.status === 'paused') {
    thawCgroup(cgroupOf(deps, record));
  }
}

/**
 * Sends a signal (name or number, SIGKILL by default); after a SIGKILL the container has ended.
 * @throws EngineError not-found, invalid (no such signal), conflict (it does not run)
 */
export async function killContainer(deps: KillDeps, nameOrId: string, signal?: string): Promise<void> {
  try {
    const record = deps.containers.resolve(nameOrId);
    const number = parseSignal(signal || 'SIGKILL');
    if (!isRunning(record)) throw conflict(`container ${record.id} is not running`);
    await sendSignal(deps, record, number);
    if (number === SIGKILL) await untilExited(deps, record.id);
  } catch (error) {
    throw within(`cannot kill container: ${nameOrId}`, error);
  }
}
