import { statSync } from 'node:fs';
import { ConflictError, IntegrityError } from '../shared/errors.js';
import {
  isUnusable,
  openSqlite,
  readNumber,
  readValue,
  SQLITE,
  sqliteCodeOf,
  toDatabaseError,
} from './sqlite-connection.js';

/** Enough to keep index look-ups of a check out of the file system's way; freed when the check ends. */
const CHECK_CACHE_KIB = 64 * 1024;
const LOOK_BUSY_MS = 5_000;

/** What is at the place of a live database. */
export type LiveDatabase =
  | { state: 'absent' }
  /** No SQLite database, or one too damaged to be opened. */
  | { state: 'unusable' }
  | { state: 'usable'; tables: number; sizeBytes: number };

/**
 * Looks at a live database without changing what it says.
 * @param name how messages call it
 * @throws ConflictError when it is locked for longer than five seconds, SourceError when it cannot be opened
 */
export function lookAtDatabase(path: string, name: string): LiveDatabase {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { state: 'absent' };
  if (!stats.isFile())
    throw new ConflictError(`Database "${name}" is no file, expected an SQLite database or nothing`);
  try {
    if (isForeign(path)) return { state: 'unusable' };
    const database = openSqlite(path, { busyTimeoutMs: LOOK_BUSY_MS });
    try {
      const tables = readNumber(
        database,
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
      );
      return { state: 'usable', tables, sizeBytes: stats.size };
    } finally {
      database.close();
    }
  } catch (error) {
    if (isUnusable(error)) return { state: 'unusable' };
    throw toDatabaseError(error, `Database "${name}" cannot be opened`);
  }
}

/**
 * True when the file's head is not SQLite's. Asked without locks first, because opening such a file in earnest makes
 * SQLite delete a `-wal` that lies beside it.
 */
function isForeign(path: string): boolean {
  const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
  try {
    readNumber(database, 'PRAGMA schema_version');
    return false;
  } catch (error) {
    // Anything else may be the till writing at this moment: the look with locks decides.
    if (sqliteCodeOf(error) === null) throw error;
    return sqliteCodeOf(error) === SQLITE.NOTADB;
  } finally {
    database.close();
  }
}

export interface HealthOptions {
  /** How messages call the database. */
  name: string;
  /** Refuses rows that point to no row. */
  foreignKeys: boolean;
}

/**
 * Runs SQLite's own checks over a database file that nobody has open. Changes neither it nor the folder around it.
 * Blocks the thread: about 20 s for 1 GB.
 * @throws IntegrityError with the first thing that is wrong
 */
export function checkDatabaseHealth(path: string, { name, foreignKeys }: HealthOptions): void {
  if (statSync(path).size === 0) return;
  try {
    const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
    try {
      database.exec(`PRAGMA cache_size = -${CHECK_CACHE_KIB}`);
      const finding = String(readValue(database, 'PRAGMA integrity_check(1)'));
      if (finding !== 'ok')
        throw new IntegrityError(`Database "${name}" fails SQLite's integrity check: ${finding}`);
      const orphan = foreignKeys ? database.prepare('PRAGMA foreign_key_check').get() : undefined;
      if (orphan !== undefined) {
        throw new IntegrityError(
          `Database "${name}" holds rows of table "${String(orphan.table)}" that refer to missing rows of "${String(orphan.parent)}": ` +
            'the backup was taken of it like that; restore it to a target path and repair it there',
        );
      }
    } finally {
      database.close();
    }
  } catch (error) {
    if (isUnusable(error))
      throw new IntegrityError(`Database "${name}" is no sound SQLite database`, { cause: error });
    throw toDatabaseError(error, `Database "${name}" cannot be checked`);
  }
}
