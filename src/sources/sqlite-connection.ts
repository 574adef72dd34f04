import { DatabaseSync } from 'node:sqlite';
import { AppError, ConflictError, SourceError, StorageError } from '../shared/errors.js';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that are told apart here. */
export const SQLITE = {
  ERROR: 1,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

export interface ConnectionOptions {
  /** How long one statement waits for a lock, in milliseconds. */
  busyTimeoutMs: number;
  /** Opens a file that nobody writes, without locks and without `-wal` and `-shm` files beside it. */
  isImmutable?: boolean;
}

/** A `file:` URI that names exactly `path`, whatever characters it holds. Never creates the file. */
export function toSqliteUri(path: string, parameters = 'mode=rw'): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}?${parameters}`;
}

/**
 * Opens the SQLite database at `path`, which must exist. Nothing is read yet: what is wrong with the file shows at
 * the first statement.
 * @throws the error of node:sqlite
 */
export function openSqlite(
  path: string,
  { busyTimeoutMs, isImmutable = false }: ConnectionOptions,
): DatabaseSync {
  const uri = isImmutable ? toSqliteUri(path, 'mode=ro&immutable=1') : toSqliteUri(path);
  return new DatabaseSync(uri, {
    readOnly: isImmutable,
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: false,
    allowExtension: false,
  });
}

/** The primary SQLite result code of an error of node:sqlite, or null for any other error. */
export function sqliteCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/**
 * True when a lock of another connection is in the way. node:sqlite reports a lock met by `backup()` as code 0,
 * "not an error".
 */
export function isBusy(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === SQLITE.BUSY || code === SQLITE.LOCKED || code === 0;
}

/** True when the file is no SQLite database or a damaged one. */
export function isUnusable(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  if (code === SQLITE.ERROR) return error instanceof Error && error.message === 'unsupported file format';
  return code === SQLITE.NOTADB || code === SQLITE.CORRUPT;
}

const REASONS: Record<number, string> = {
  [SQLITE.READONLY]: 'it is read-only, let the account that Tillvault runs as write it and its folder',
  [SQLITE.IOERR]: 'the disk reported an error, check the disk',
  [SQLITE.CORRUPT]: 'it is damaged, restore it from a backup',
  [SQLITE.CANTOPEN]:
    'it cannot be opened, let the account that Tillvault runs as read and write it and its folder',
  [SQLITE.NOTADB]: 'it is not an SQLite database, expected one at DATABASE_URL',
};

/**
 * What an error of SQLite means to the person who asked. The message never holds a path.
 * @param what sentence start without a full stop, such as `Database "till.db" cannot be read`
 */
export function toDatabaseError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = sqliteCodeOf(error);
  if (code === SQLITE.FULL) {
    return new StorageError('INSUFFICIENT_STORAGE', `${what}: the disk is full, free some space`, {
      cause: error,
    });
  }
  if (isBusy(error)) {
    return new ConflictError(`${what}: another program keeps it locked, try again when it is done`, {
      cause: error,
      retryable: true,
    });
  }
  const reason = code === null ? 'an unexpected error occurred' : (REASONS[code] ?? quoteSqlite(error));
  return new SourceError(`${what}: ${reason}`, { cause: error });
}

const MAX_QUOTED = 200;

/** SQLite's own words: they name parts of the schema, never what is in a row. */
export function quoteSqlite(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `SQLite says "${text.slice(0, MAX_QUOTED)}"`;
}

/** The single value of a statement that gives one row with one column. */
export function readValue(database: DatabaseSync, sql: string): unknown {
  const row = database.prepare(sql).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

/** As `readValue`, for a number. */
export function readNumber(database: DatabaseSync, sql: string): number {
  return Number(readValue(database, sql));
}
