/** What of restarts this daemon alone knows: when the next is due, and what somebody is doing to a container meanwhile. */
export class RestartTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delays = new Map<string, number>();
  readonly #stopping = new Set<string>();
  readonly #kept = new Set<string>();
  #due: (id: string) => void = () => {};

  /** `due` is called when a container's restart is. */
  onDue(due: (id: string) => void): void {
    this.#due = due;
  }

  /** ms that the container's last restart was put off; 0 where there was none. */
  lastDelay(id: string): number {
    return this.#delays.get(id) ?? 0;
  }

  schedule(id: string, delay: number): void {
    this.cancel(id);
    this.#delays.set(id, delay);
    const due = () => {
      this.#timers.delete(id);
      this.#due(id);
    };
    this.#timers.set(id, setTimeout(due, delay));
  }

  cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** Somebody has asked for its end: when it comes, it is meant. */
  stopping(id: string): void {
    this.#stopping.add(id);
  }

  isStopping(id: string): boolean {
    return this.#stopping.has(id);
  }

  /** Does `work`, during which the container is not removed though it ends and AutoRemove says so. */
  async keep(id: string, work: () => Promise<void>): Promise<void> {
    this.#kept.add(id);
    try {
      await work();
    } finally {
      this.#kept.delete(id);
    }
  }

  isKept(id: string): boolean {
    return this.#kept.has(id);
  }

  /** It has been started by somebody, or is stopped for good: the next restart is a first one. */
  reset(id: string): void {
    this.cancel(id);
    this.#delays.delete(id);
    this.#stopping.delete(id);
  }
}
