import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConflictError, SourceError } from '../shared/errors.js';

const SQLITE_BUSY = 5;

/** Held by the one server that may use a data folder. */
export interface DataDirLock {
  /** Lets another server in. May be called twice. */
  release(): void;
}

/**
 * Takes the data folder for this process. The lock is one of the operating system's, through SQLite: it ends with the
 * process however that ends, so that nothing stale is ever left.
 * @param dataDir absolute; made with mode 0700 when it is not there
 * @throws ConflictError when another server holds it; SourceError when the folder cannot be used
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const file = join(dataDir, 'server.lock');
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file, { timeout: 0 });
    chmodSync(file, 0o600);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new ConflictError(
        'Another Tillvault server uses this DATA_DIR; stop it, or give this one a DATA_DIR of its own',
        { cause: error },
      );
    }
    throw new SourceError('DATA_DIR cannot be used; check that it is a folder and that it can be written', {
      cause: error,
    });
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}
