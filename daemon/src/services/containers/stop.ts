import { notModified, unavailable } from '@tinydocker/shared/errors.js';
import { type KillDeps, sendSignal } from './kill.js';
import { publishContainer } from './publish.js';
import { parseSignal } from './signals.js';
import { isRunning, untilExited } from './wait.js';

export interface StopOptions {
  /** Instead of the container's own stop signal. */
  signal?: string;
  /** Seconds until SIGKILL, instead of the container's own; negative: never. */
  timeout?: number;
}

const DEFAULT_TIMEOUT = 10;
const SIGKILL = 9;
/** ms that a process is given to die of SIGKILL: one that hangs in the kernel does not. */
const KILL_TIMEOUT = 10_000;

/**
 * Stops a container: its stop signal, then SIGKILL. Returns the moment it has ended. Holds no lock, so that a
 * kill or a removal by someone else is not kept waiting.
 * @throws EngineError not-found, not-modified (it does not run), invalid (no such signal), unavailable (it cannot be killed)
 */
export async function stopContainer(deps: KillDeps, nameOrId: string, options: StopOptions = {}): Promise<void> {
  const record = deps.containers.resolve(nameOrId);
  const { config, id } = record;
  const signal = parseSignal(options.signal || config.StopSignal || 'SIGTERM');
  if (!isRunning(record)) throw notModified(`container ${record.name} is not running`);
  const seconds = options.timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT;
  await sendSignal(deps, record, signal);
  if (!(await untilExited(deps, id, seconds < 0 ? undefined : seconds * 1000))) {
    await sendSignal(deps, record, SIGKILL);
    if (!(await untilExited(deps, id, KILL_TIMEOUT))) {
      throw unavailable(`cannot stop container: ${nameOrId}: its process ${record.state.pid} does not end by SIGKILL`);
    }
  }
  publishContainer(deps, deps.containers.get(id) ?? record, 'stop');
}
