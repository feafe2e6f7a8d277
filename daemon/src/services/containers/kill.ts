import { conflict, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { ShimGone } from '../../runtime/channel.js';
import type { ContainerRecord } from '../../store/containers.js';
import { publishContainer } from './publish.js';
import { parseSignal } from './signals.js';
import { isRunning, untilExited } from './wait.js';

type KillDeps = Pick<Deps, 'containers' | 'events' | 'shims'>;

const SIGKILL = 9;

/** Sends a signal to the first process of a running container and says so. One that has just ended has got it. */
export async function sendSignal(deps: KillDeps, record: ContainerRecord, signal: number): Promise<void> {
  try {
    await deps.shims.get(record.id)?.kill(signal);
  } catch (error) {
    const gone = error instanceof ShimGone || (error as { errno?: string }).errno === 'ESRCH';
    if (!gone) throw error;
  }
  publishContainer(deps, record, 'kill', { signal: String(signal) });
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
