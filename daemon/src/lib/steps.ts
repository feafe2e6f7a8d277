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
  readonly #kill: boolean;

  /**
   * `failAt` (a number as text): the step with this index fails with EIO without being performed, for the fault tests; with `!` behind
   * it, the daemon is killed in its place.
   */
  constructor(failAt?: string) {
    this.#failAt = failAt === undefined ? -1 : Number.parseInt(failAt, 10);
    this.#kill = failAt?.endsWith('!') ?? false;
  }

  #fault(name: string, args: string): void {
    if (this.steps.length !== this.#failAt) return;
    if (this.#kill) process.kill(process.pid, 'SIGKILL');
    throw new SystemError(name, 'EIO', args);
  }

  run<T>(name: string, args: string, work: () => T): T {
    const start = monotonic();
    try {
      this.#fault(name, args);
      const result = work();
      this.#record(name, args, start, '');
      return result;
    } catch (error) {
      this.#record(name, args, start, (error as NodeJS.ErrnoException).code ?? 'ERROR');
      throw error;
    }
  }

  /** As run(), of what has been begun elsewhere. */
  async wait<T>(name: string, args: string, work: Promise<T>): Promise<T> {
    const start = monotonic();
    try {
      const result = await work;
      this.#fault(name, args);
      this.#record(name, args, start, '');
      return result;
    } catch (error) {
      this.#record(name, args, start, (error as NodeJS.ErrnoException).code ?? 'ERROR');
      throw error;
    }
  }

  #record(name: string, args: string, start: number, errno: string): void {
    this.steps.push({ actor: 'daemon', name, args, start, duration: monotonic() - start, errno });
  }
}
