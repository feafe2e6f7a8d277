/** Things that somebody is about to use, however many: they are no garbage meanwhile. */
export class Holds<K> {
  readonly #count = new Map<K, number>();

  /** Until the returned function is called. */
  hold(keys: readonly K[]): () => void {
    for (const key of keys) this.#count.set(key, (this.#count.get(key) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const key of keys) {
        const left = (this.#count.get(key) ?? 1) - 1;
        if (left > 0) this.#count.set(key, left);
        else this.#count.delete(key);
      }
    };
  }

  has(key: K): boolean {
    return this.#count.has(key);
  }

  get size(): number {
    return this.#count.size;
  }
}
