import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { TableRows } from '../shared/backup-check.js';
import { ConflictError, IntegrityError } from '../shared/errors.js';
import {
  isUnusable,
  openSqlite,
  quoteSqlite,
  readNumber,
  readValue,
  SQLITE,
  sqliteCodeOf,
  toDatabaseError,
} from './sqlite-connection.js';
import { BUSY_SLICE_MS, type LockWait, whenUnlocked } from './sqlite-wait.js';

/** Enough to keep index look-ups of a check out of the file system's way; freed when the check ends. */
const CHECK_CACHE_KIB = 64 * 1024;
const LIST_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

const LIST_OWN_TABLES =
  "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

/** What is at the place of a live database. */
export type LiveDatabase =
  | { state: 'absent' }
  /** No SQLite database, or one too damaged to be opened. */
  | { state: 'unusable' }
  | { state: 'usable'; tables: number; sizeBytes: number };

/**
 * Looks at a live database without changing what it says.
 * @param name how messages call it
 * @throws ConflictError when it stays locked, SourceError when it cannot be opened, CancelledError
 */
export async function lookAtDatabase(path: string, name: string, waiting: LockWait): Promise<LiveDatabase> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { state: 'absent' };
  if (!stats.isFile())
    throw new ConflictError(`Database "${name}" is no file, expected an SQLite database or nothing`);
  try {
    if (isForeign(path)) return { state: 'unusable' };
    const tables = await whenUnlocked(() => countTables(path), waiting);
    return { state: 'usable', tables, sizeBytes: stats.size };
  } catch (error) {
    if (isUnusable(error)) return { state: 'unusable' };
    throw toDatabaseError(error, `Database "${name}" cannot be opened`);
  }
}

function countTables(path: string): number {
  const database = openSqlite(path, { busyTimeoutMs: BUSY_SLICE_MS });
  try {
    return readNumber(
      database,
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    );
  } finally {
    database.close();
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

/** `full` compares every index with its table (`integrity_check`), `quick` only reads every page (`quick_check`). */
export type CheckDepth = 'full' | 'quick';

export interface HealthOptions {
  /** How messages call the database. */
  name: string;
  depth: CheckDepth;
  /** Looks for rows that refer to no row as well. */
  foreignKeys: boolean;
}

/** Rows of one table that refer to rows of another one that are not there. */
export interface OrphanedRows {
  table: string;
  parent: string;
  rows: number;
}

/** What SQLite's checks found in a database that is sound. */
export interface DatabaseFindings {
  /** SQLite enforces foreign keys only where the till asks for it, so a sound database may hold such rows (docs/adr/0015). */
  orphans: OrphanedRows[];
  /** Why SQLite could not look at all of it, such as a collation of the till's own; null when it did. */
  unchecked: string | null;
  /** Where rows were counted. */
  tables?: TableRows[];
}

/**
 * Runs SQLite's own checks over a database file that nobody has open. Changes neither it nor the folder around it.
 * Blocks the thread: in full about 16 s for 1 GB.
 * @throws IntegrityError with the first thing that is wrong
 */
export function checkDatabaseHealth(
  path: string,
  { name, depth, foreignKeys }: HealthOptions,
): DatabaseFindings {
  if (statSync(path).size === 0) return { orphans: [], unchecked: null };
  try {
    const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
    try {
      database.exec(`PRAGMA cache_size = -${CHECK_CACHE_KIB}`);
      const unchecked = checkIntegrity(database, name, depth);
      return { orphans: foreignKeys ? countOrphans(database) : [], unchecked };
    } finally {
      database.close();
    }
  } catch (error) {
    if (isUnusable(error))
      throw new IntegrityError(`Database "${name}" is no sound SQLite database`, { cause: error });
    throw toDatabaseError(error, `Database "${name}" cannot be checked`);
  }
}

/**
 * A till may sort by a collation, index a function or split text with a tokenizer that only its own program has: what
 * needs it cannot be checked here, and what does not is. The bytes are those of the backup in any case.
 * @returns why not everything could be checked, or null
 */
function checkIntegrity(database: DatabaseSync, name: string, depth: CheckDepth): string | null {
  let unchecked: string | null = null;
  for (const check of depth === 'full' ? ['integrity_check', 'quick_check'] : ['quick_check']) {
    try {
      const finding = String(readValue(database, `PRAGMA ${check}(1)`));
      if (finding === 'ok') return unchecked;
      throw new IntegrityError(`Database "${name}" fails SQLite's integrity check: ${finding}`);
    } catch (error) {
      if (sqliteCodeOf(error) !== SQLITE.ERROR) throw error;
      unchecked ??= quoteSqlite(error);
    }
  }
  return unchecked;
}

/** What an administrator is told of a database that SQLite could not look at in full. */
export function describeUnchecked(name: string, reason: string): string {
  return `Database "${name}" could not be checked in full by SQLite (${reason}): it needs something that only the till's program has; its bytes are those of the backup`;
}

/**
 * Counts the rows of every table of a database file that nobody has open, but for those that virtual tables keep for
 * themselves. Blocks the thread.
 * @throws IntegrityError when one cannot be read
 */
export function countTableRows(path: string, name: string): TableRows[] {
  if (statSync(path).size === 0) return [];
  const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
  try {
    const tables = database
      .prepare(LIST_OWN_TABLES)
      .all()
      .map((row) => String(row.name));
    return tables.map((table) => ({
      name: table,
      rows: countRowsOf(database, `"${table.replaceAll('"', '""')}"`),
    }));
  } catch (error) {
    throw new IntegrityError(`The rows of database "${name}" cannot be counted`, { cause: error });
  } finally {
    database.close();
  }
}

/** An index may need a collation that only the till's program has: the table itself is counted then. */
function countRowsOf(database: DatabaseSync, table: string): number {
  try {
    return readNumber(database, `SELECT count(*) FROM ${table}`);
  } catch (error) {
    if (sqliteCodeOf(error) !== SQLITE.ERROR) throw error;
    return readNumber(database, `SELECT count(*) FROM ${table} NOT INDEXED`);
  }
}

/** Table by table, because a constraint that SQLite cannot check would end the check of all of them. */
function countOrphans(database: DatabaseSync): OrphanedRows[] {
  const found: OrphanedRows[] = [];
  for (const { name } of database.prepare(LIST_TABLES).all())
    found.push(...countOrphansOf(database, String(name)));
  return found;
}

function countOrphansOf(database: DatabaseSync, table: string): OrphanedRows[] {
  const found = new Map<string, OrphanedRows>();
  try {
    for (const { parent } of database
      .prepare('SELECT parent FROM pragma_foreign_key_check(?)')
      .iterate(table)) {
      const known = found.get(String(parent)) ?? { table, parent: String(parent), rows: 0 };
      known.rows += 1;
      found.set(known.parent, known);
    }
  } catch (error) {
    // A key that refers to no unique columns: the till can write no row to such a table with its keys enforced.
    if (sqliteCodeOf(error) !== SQLITE.ERROR) throw error;
  }
  return [...found.values()];
}

/** What an administrator is told of such rows. */
export function describeOrphans(name: string, { table, parent, rows }: OrphanedRows): string {
  const refer = rows === 1 ? '1 row of table' : `${rows} rows of table`;
  return `Database "${name}": ${refer} "${table}" without the row of "${parent}" that it refers to; the till's database was like that when it was backed up`;
}
