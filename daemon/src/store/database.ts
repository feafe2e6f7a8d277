import { closeSync, fchmodSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations.js';

export type Db = Database.Database;

/**
 * Everything that the binding has made, as long as the process lives. Node.js since 24.19 aborts when a node::ObjectWrap, which
 * databases and statements of better-sqlite3 12 are, is collected while no JavaScript runs (RemoveEnvironmentCleanupHook): what is
 * kept is not collected. Statements are few, each is prepared once.
 */
const kept: unknown[] = [];

function keepAll(db: Db): void {
  const prepare = db.prepare.bind(db) as (sql: string) => unknown;
  db.prepare = ((sql: string) => {
    const statement = prepare(sql);
    kept.push(statement);
    return statement;
  }) as Db['prepare'];
  kept.push(db);
}

/** For root alone: environments hold secrets. SQLite gives the files that it makes beside this one the same mode. */
function makePrivate(file: string): void {
  const fd = openSync(file, 'a', 0o600);
  fchmodSync(fd, 0o600);
  closeSync(fd);
}

/**
 * Opens the store and brings it to the newest schema. WAL with synchronous NORMAL: a killed daemon loses nothing; a power
 * cut may lose the last transactions, which the reconciliation at start repairs.
 */
export function openDatabase(file: string): Db {
  if (file !== ':memory:') makePrivate(file);
  const db = new Database(file);
  keepAll(db);
  // Not db.pragma(), which makes a statement that nobody could keep.
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000',
  );
  const have = db.prepare('PRAGMA user_version').pluck().get() as number;
  if (have > MIGRATIONS.length) {
    db.close();
    throw new Error(`${file} has schema ${have}, this daemon knows up to ${MIGRATIONS.length}: start the newer daemon`);
  }
  for (let version = have; version < MIGRATIONS.length; version++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[version]!);
      db.exec(`PRAGMA user_version = ${version + 1}`);
    })();
  }
  return db;
}
