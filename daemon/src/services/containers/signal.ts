import type { Deps } from '../../deps.js';
import { parentPid, pidStartTime, signalPid } from '../../kernel/process.js';
import { ShimGone } from '../../runtime/channel.js';
import type { ContainerRecord } from '../../store/containers.js';

const SIGKILL = 9;
/** ms that a shim has to answer: one that is stopped or hangs in the kernel does not. */
const ANSWER_TIMEOUT = 3000;

/** Resolves with false where `work` has not come to its end in time; what it still does is its own affair. */
async function inTime(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ANSWER_TIMEOUT);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

/**
 * Kills a shim that does not answer. Its end is noticed as that of any shim that was killed: what is in the container's cgroup
 * is ended then, and cleaned up.
 */
function killShim({ state }: ContainerRecord): void {
  // The shim is the parent of the container's first process, and cannot be another as long as that is not reaped.
  const shim = parentPid(state.pid);
  const startTime = shim === undefined ? undefined : pidStartTime(shim);
  if (shim === undefined || startTime === undefined || pidStartTime(state.pid) !== state.startTime) return;
  // Orphaned meanwhile, its parent is whoever reaps for the whole machine.
  if (shim > 1 && shim !== process.pid && parentPid(state.pid) === shim) signalPid(shim, startTime, SIGKILL);
}

/**
 * Sends a signal to the first process of a container, through its shim; where that does not answer, by itself. One that
 * has just ended has got it. `delivered` is called the moment the shim says so, before any event of what follows from it.
 */
export async function deliverSignal(
  deps: Pick<Deps, 'log' | 'shims'>,
  record: ContainerRecord,
  signal: number,
  delivered: () => void,
): Promise<void> {
  const shim = deps.shims.get(record.id);
  if (!shim) return;
  try {
    if (await inTime(shim.kill(signal, '', delivered))) return;
  } catch (error) {
    if (error instanceof ShimGone || (error as { errno?: string }).errno === 'ESRCH') return;
    throw error;
  }
  deps.log.warn({ container: record.id, signal }, 'its shim does not answer');
  if (signal === SIGKILL) killShim(record);
  else signalPid(record.state.pid, record.state.startTime, signal);
}
