import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import { conflict, type EngineError, invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { ContainerRecord } from '../../store/containers.js';

const CONDITIONS = ['not-running', 'next-exit', 'removed'];

export const isRunning = (record: ContainerRecord): boolean =>
  record.state.status === 'running' || record.state.status === 'paused' || record.state.status === 'restarting';

/** Whether a process of it is there: one that waits to be restarted counts as running for everybody else. */
export const hasProcess = (record: ContainerRecord): boolean =>
  record.state.status === 'running' || record.state.status === 'paused';

/** For what needs a process and finds a container that waits to be restarted. */
export const restarting = (id: string): EngineError =>
  conflict(`Container ${id} is restarting, wait until the container is running`);

/** Whether this change is the end that somebody may be waiting for: of its process, or of its waiting for a restart. */
const isEnd = (now: ContainerRecord, before: ContainerRecord): boolean =>
  !hasProcess(now) && (hasProcess(before) || (before.state.status === 'restarting' && !isRunning(now)));

const response = ({ state }: ContainerRecord): ContainerWaitResponse => ({
  StatusCode: state.exitCode,
  ...(state.error && { Error: { Message: state.error } }),
});

/** What a container is worth that is gone: whoever removed it, or started it in vain, knows why. */
const lastResponse = ({ state }: ContainerRecord): ContainerWaitResponse => ({ StatusCode: state.exitCode });

export interface Wait {
  /** The answer, where there is nothing to wait for. */
  ended?: ContainerWaitResponse;
  result: Promise<ContainerWaitResponse>;
  /** Forgets it: nobody listens any more. */
  cancel(): void;
}

/**
 * Waits for a container to end, to end once more, or to be removed.
 * @throws EngineError not-found, invalid: before anything is waited for
 */
export function waitContainer(deps: Pick<Deps, 'containers'>, nameOrId: string, condition = ''): Wait {
  const wanted = condition || 'not-running';
  if (!CONDITIONS.includes(wanted)) throw invalid(`invalid condition: "${condition}"`);
  const record = deps.containers.resolve(nameOrId);
  if (wanted === 'not-running' && !isRunning(record)) {
    const ended = response(record);
    return { ended, result: Promise.resolve(ended), cancel: () => {} };
  }
  let cancel = () => {};
  const result = new Promise<ContainerWaitResponse>((resolve) => {
    cancel = deps.containers.watch(record.id, (now, before) => {
      if (now && (wanted === 'removed' || !isEnd(now, before))) return;
      cancel();
      resolve(now ? response(now) : lastResponse(before));
    });
  });
  return { result, cancel };
}

/** Resolves with true when the container runs no more, with false after `timeout` ms. */
export function untilExited(deps: Pick<Deps, 'containers'>, id: string, timeout?: number): Promise<boolean> {
  const record = deps.containers.get(id);
  if (!record || !isRunning(record)) return Promise.resolve(true);
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (exited: boolean) => {
      clearTimeout(timer);
      cancel();
      resolve(exited);
    };
    const cancel = deps.containers.watch(id, (now) => {
      if (!now || !isRunning(now)) settle(true);
    });
    if (timeout !== undefined) timer = setTimeout(() => settle(false), timeout);
  });
}
