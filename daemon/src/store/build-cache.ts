import type { Db } from './database.js';

/** What one step of a build has made. */
export interface CacheRecord {
  /** The digest of all that went into it. */
  readonly key: string;
  readonly imageId: string;
  /** The image that the step began with; '' for nothing. */
  readonly parentId: string;
  readonly description: string;
  /** Bytes of the layer that it added. */
  readonly size: number;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly uses: number;
}

interface Row {
  key: string;
  image_id: string;
  parent_id: string;
  description: string;
  size: number;
  created_at: string;
  used_at: string;
  uses: number;
}

const statements = (db: Db) => ({
  put: db.prepare('INSERT OR REPLACE INTO build_cache VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
  use: db.prepare('UPDATE build_cache SET used_at = ?, uses = ? WHERE key = ?'),
  remove: db.prepare('DELETE FROM build_cache WHERE key = ?'),
});

/** ms that uses are gathered. */
const WRITE_AFTER = 1000;

/** What steps of builds have made, all of it in memory and every change written through. Rows go with their images. */
export class BuildCacheStore {
  readonly #sql: ReturnType<typeof statements>;
  readonly #byKey = new Map<string, CacheRecord>();
  readonly #inUse = new Map<string, number>();
  readonly #used = new Set<string>();
  readonly #transaction: (work: () => void) => void;

  constructor(db: Db) {
    this.#sql = statements(db);
    this.#transaction = (work) => db.transaction(work)();
    for (const row of db.prepare('SELECT * FROM build_cache ORDER BY created_at').all() as Row[]) {
      this.#byKey.set(row.key, {
        key: row.key,
        imageId: row.image_id,
        parentId: row.parent_id,
        description: row.description,
        size: row.size,
        createdAt: row.created_at,
        usedAt: row.used_at,
        uses: row.uses,
      });
    }
  }

  get(key: string): CacheRecord | undefined {
    return this.#byKey.get(key);
  }

  list(): CacheRecord[] {
    return [...this.#byKey.values()];
  }

  put(record: CacheRecord): void {
    const { key, imageId, parentId, description, size, createdAt, usedAt, uses } = record;
    this.#sql.put.run(key, imageId, parentId, description, size, createdAt, usedAt, uses);
    this.#byKey.set(key, record);
  }

  /** It has been of use once more. That is written down when there is time: a power cut may lose it. */
  use(key: string, usedAt: string): void {
    const record = this.#byKey.get(key);
    if (!record) return;
    this.#byKey.set(key, { ...record, usedAt, uses: record.uses + 1 });
    if (this.#used.size === 0) setTimeout(() => this.flush(), WRITE_AFTER).unref();
    this.#used.add(key);
  }

  /** Writes down what has been of use. */
  flush(): void {
    const used = [...this.#used].flatMap((key) => this.#byKey.get(key) ?? []);
    this.#used.clear();
    try {
      this.#transaction(() => {
        for (const { key, usedAt, uses } of used) this.#sql.use.run(usedAt, uses, key);
      });
    } catch {
      // The disk is full: that it was of use is known until the daemon ends.
    }
  }

  remove(key: string): void {
    this.#sql.remove.run(key);
    this.#byKey.delete(key);
  }

  /** Images that a build stands on are not taken away until the returned function is called. */
  hold(imageId: string): () => void {
    this.#inUse.set(imageId, (this.#inUse.get(imageId) ?? 0) + 1);
    return () => {
      const left = (this.#inUse.get(imageId) ?? 1) - 1;
      if (left > 0) this.#inUse.set(imageId, left);
      else this.#inUse.delete(imageId);
    };
  }

  isInUse(imageId: string): boolean {
    return this.#inUse.has(imageId);
  }
}
