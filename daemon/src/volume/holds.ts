/**
 * Which containers have which volumes mounted, as long as they run. It says when a file system that is mounted on the host for
 * a volume can go, and whether a volume may still be put together beside its directory.
 */
export class VolumeHolds {
  readonly #holders = new Map<string, Set<string>>();

  hold(volume: string, container: string): void {
    const holders = this.#holders.get(volume) ?? new Set();
    this.#holders.set(volume, holders.add(container));
  }

  release(volume: string, container: string): void {
    const holders = this.#holders.get(volume);
    holders?.delete(container);
    if (holders?.size === 0) this.#holders.delete(volume);
  }

  isHeld(volume: string): boolean {
    return this.#holders.has(volume);
  }
}
