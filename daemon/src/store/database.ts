import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations.js';

export type Db = Database.Database;

/**
 * Opens the store and brings it to the newest schema. WAL with synchronous NORMAL: a killed daemon loses nothing; a power
 * cut may lose the last transactions, which the reconciliation at start repairs.
 */
export function openDatabase(file: string): Db {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma('foreign_keys = ON');
  db.pragma('busy_timeout = 2000');
  const have = db.pragma('user_version', { simple: true }) as number;
  if (have > MIGRATIONS.length) {
    db.close();
    throw new Error(`${file} has schema ${have}, this daemon knows up to ${MIGRATIONS.length}: start the newer daemon`);
  }
  for (let version = have; version < MIGRATIONS.length; version++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[version]!);
      db.pragma(`user_version = ${version + 1}`);
    })();
  }
  return db;
}
