import { SystemError } from '@tinydocker/shared/errors.js';
import { monotonic } from './clock.js';

/** One kernel operation, by whom, when (CLOCK_MONOTONIC, ns), for how long, and how it ended ('' or ENOENT...). */
export interface Step {
  actor: 'daemon' | 'shim' | 'init' | 'exec';
  name: string;
  args: string;
  start: number;
  duration: number;
  errno: string;
}

/** Records the daemon's own steps of one use case; the shim's are added when it hands them over. */
export class StepRecorder {
  readonly steps: Step[] = [];
  readonly #failAt: number;

  /** `failAt` (a number as text): the step with this index fails with EIO without being performed, for the fault tests. */
  constructor(failAt?: string) {
    this.#failAt = failAt === undefined ? -1 : Number(failAt);
  }

  run<T>(name: string, args: string, work: () => T): T {
    const start = monotonic();
    let errno = '';
    try {
      if (this.steps.length === this.#failAt) throw new SystemError(name, 'EIO', args);
      return work();
    } catch (error) {
      errno = (error as NodeJS.ErrnoException).code ?? 'ERROR';
      throw error;
    } finally {
      this.steps.push({ actor: 'daemon', name, args, start, duration: monotonic() - start, errno });
    }
  }
}
