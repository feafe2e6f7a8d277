import type { RestartPolicy } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';

/*
 * Whether a container that has ended is started again, and when. Pure: the same facts give the same decision.
 */

/** ms before the first restart; each further one waits twice as long. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A container that has run for so many ms is taken to be well: its next restart is a first one. */
const WELL_AFTER = 10_000;

const POLICIES = ['', 'no', 'always', 'on-failure', 'unless-stopped'];

/** What is known of a container at its end. */
export interface Ended {
  policy: RestartPolicy | null | undefined;
  exitCode: number;
  /** Somebody has asked for its end. */
  manuallyStopped: boolean;
  /** How often the policy has started it since somebody did. */
  restartCount: number;
  /** ms that it ran. */
  ranFor: number;
  /** ms that its last restart was put off; 0 where there was none. */
  lastDelay: number;
}

/** @throws EngineError invalid, in Docker's words */
export function checkRestartPolicy(policy: RestartPolicy | null | undefined): void {
  const name = policy?.Name ?? '';
  const count = policy?.MaximumRetryCount ?? 0;
  if (!POLICIES.includes(name)) {
    const known = "use one of 'no', 'always', 'on-failure', or 'unless-stopped'";
    throw invalid(`invalid restart policy: unknown policy '${name}'; ${known}`);
  }
  if (name !== 'on-failure' && count !== 0) {
    const negative = count < 0 ? ' and cannot be negative' : '';
    throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`);
  }
  if (count < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
}

/** Whether there is a policy that may ever start the container. */
export const hasRestartPolicy = (policy: RestartPolicy | null | undefined): boolean =>
  !['', 'no'].includes(policy?.Name ?? '');

function wanted({ policy, exitCode, manuallyStopped, restartCount }: Ended): boolean {
  if (manuallyStopped) return false;
  if (policy?.Name === 'on-failure') {
    const most = policy.MaximumRetryCount ?? 0;
    return exitCode !== 0 && (most === 0 || restartCount < most);
  }
  return policy?.Name === 'always' || policy?.Name === 'unless-stopped';
}

/** ms until the restart; undefined where the container stays as it is. */
export function restartDelay(ended: Ended): number | undefined {
  if (!wanted(ended)) return undefined;
  const last = ended.ranFor >= WELL_AFTER ? 0 : ended.lastDelay;
  return last === 0 ? FIRST_DELAY : Math.min(last * 2, LONGEST_DELAY);
}

/**
 * Whether a container that does not run is started when a daemon begins. `always` means also one that was stopped; one that
 * was never started is not.
 */
export function startsWithDaemon(ended: Omit<Ended, 'ranFor' | 'lastDelay'>): boolean {
  return ended.policy?.Name === 'always' || wanted({ ...ended, ranFor: 0, lastDelay: 0 });
}
