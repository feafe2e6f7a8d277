import type { Db } from './database.js';

/** A volume: a directory that containers share and that outlives them. */
export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  /** null and {} are kept apart: clients see the difference. */
  readonly labels: Readonly<Record<string, string>> | null;
  /** What is mounted in place of the directory: type, device, o. */
  readonly options: Readonly<Record<string, string>> | null;
}

interface Row {
  name: string;
  created_at: string;
  labels: string;
  options: string;
}

const statements = (db: Db) => ({
  insert: db.prepare('INSERT INTO volumes (name, created_at, labels, options) VALUES (?, ?, ?, ?)'),
  remove: db.prepare('DELETE FROM volumes WHERE name = ?'),
});

/** The volumes, all of them in memory and every change written through, as the containers are. */
export class VolumeStore {
  readonly #sql: ReturnType<typeof statements>;
  readonly #byName = new Map<string, VolumeRecord>();

  constructor(db: Db) {
    this.#sql = statements(db);
    for (const row of db.prepare('SELECT * FROM volumes ORDER BY created_at').all() as Row[]) {
      const labels = JSON.parse(row.labels) as VolumeRecord['labels'];
      const options = JSON.parse(row.options) as VolumeRecord['options'];
      this.#byName.set(row.name, { name: row.name, createdAt: row.created_at, labels, options });
    }
  }

  get(name: string): VolumeRecord | undefined {
    return this.#byName.get(name);
  }

  /** In the order of their creation. */
  list(): VolumeRecord[] {
    return [...this.#byName.values()];
  }

  insert(volume: VolumeRecord): void {
    const { name, createdAt, labels, options } = volume;
    this.#sql.insert.run(name, createdAt, JSON.stringify(labels), JSON.stringify(options));
    this.#byName.set(name, volume);
  }

  remove(name: string): void {
    this.#sql.remove.run(name);
    this.#byName.delete(name);
  }
}
