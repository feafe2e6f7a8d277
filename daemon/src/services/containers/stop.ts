import { notModified, unavailable, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { endRestarting } from './end-restarting.js';
import { type KillDeps, sendSignal } from './kill.js';
import { publishContainer } from './publish.js';
import { parseSignal } from './signals.js';
import { hasProcess, isRunning, untilExited } from './wait.js';

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

function stopSignal(text: string, container: string): number {
  try {
    return parseSignal(text);
  } catch (error) {
    throw within(`cannot stop container: ${container}`, error);
  }
}

/** Its stop signal, then SIGKILL. @throws EngineError unavailable (it cannot be killed) */
async function endProcess(deps: KillDeps, id: string, signal: number, seconds: number, as: string): Promise<void> {
  const record = deps.containers.get(id);
  if (!record || !hasProcess(record)) return;
  await sendSignal(deps, record, signal, true);
  if (await untilExited(deps, id, seconds < 0 ? undefined : seconds * 1000)) return;
  await sendSignal(deps, record, SIGKILL, true);
  if (!(await untilExited(deps, id, KILL_TIMEOUT))) {
    throw unavailable(`cannot stop container: ${as}: its process ${record.state.pid} does not end by SIGKILL`);
  }
}

/**
 * Stops a container: its stop signal, then SIGKILL; one that waits to be restarted waits no more. Returns the moment it has
 * ended and its ports are free. Holds no lock while it waits, so that a kill or a removal by someone else is not kept waiting.
 * @throws EngineError not-found, not-modified (it does not run), invalid (no such signal), unavailable (it cannot be killed)
 */
export async function stopContainer(
  deps: KillDeps & Pick<Deps, 'firewall'>,
  nameOrId: string,
  options: StopOptions = {},
): Promise<void> {
  const record = deps.containers.resolve(nameOrId);
  const { config, id } = record;
  const signal = stopSignal(options.signal || config.StopSignal || 'SIGTERM', nameOrId);
  if (!isRunning(record)) throw notModified(`container ${record.name} is not running`);
  const seconds = options.timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT;
  if (record.state.status !== 'restarting' || !(await endRestarting(deps, id))) {
    await endProcess(deps, id, signal, seconds, nameOrId);
  }
  const freed = deps.firewall.withdrawing(id);
  if (freed) await freed;
  publishContainer(deps, deps.containers.get(id) ?? record, 'stop');
}
