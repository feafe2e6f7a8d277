import type { ExecConfig } from '@tinydocker/shared/api/exec.js';

/** A further process of a container, from its creation to some time after its end. Known to this daemon only. */
export interface Exec {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  /** Its start was asked for: it can be started once. */
  started: boolean;
  running: boolean;
  pid: number;
  exitCode: number | null;
  /** CLOCK_MONOTONIC in ms of its end, or of its creation as long as it has not been started. */
  idleSince: number;
  /** Told when it has ended, or its container has. */
  onEnd?: () => void;
  /** Resumes those who wait for it to have begun, or to have failed at that. */
  waiting?: (() => void)[];
}

/** How long an exec that has ended can be inspected, in ms. */
const KEEP = 5 * 60_000;
/** How many of one container are kept at most, whatever their age. */
const MOST = 1000;

/** The execs of all containers. */
export class ExecTable {
  readonly #byId = new Map<string, Exec>();
  readonly #byContainer = new Map<string, Set<Exec>>();

  get(id: string): Exec | undefined {
    return this.#byId.get(id);
  }

  /** Adds one and forgets those of its container that nobody can still be waiting for. */
  add(exec: Exec): void {
    const set = this.#byContainer.get(exec.containerId) ?? new Set();
    this.#byContainer.set(exec.containerId, set);
    const limit = performance.now() - KEEP;
    // In the order of creation: the first that stays because of its age is followed by younger ones only, or running ones.
    for (const old of set) {
      if (old.running) continue;
      if (old.idleSince > limit && set.size < MOST) break;
      this.delete(old);
    }
    set.add(exec);
    this.#byId.set(exec.id, exec);
  }

  delete(exec: Exec): void {
    this.#byId.delete(exec.id);
    this.#byContainer.get(exec.containerId)?.delete(exec);
  }

  of(containerId: string): Exec[] {
    return [...(this.#byContainer.get(containerId) ?? [])];
  }

  /** The container has ended: with it everything that ran in it. */
  endAll(containerId: string): void {
    for (const exec of this.of(containerId)) {
      // It was meant for this life of the container, not for the next.
      if (!exec.started) this.delete(exec);
      if (exec.running) exec.exitCode = 137;
      exec.running = false;
      exec.idleSince = performance.now();
      exec.onEnd?.();
    }
  }

  /** The container is removed. */
  forget(containerId: string): void {
    for (const exec of this.of(containerId)) this.#byId.delete(exec.id);
    this.#byContainer.delete(containerId);
  }
}
