/**
 * Captures the till's SQLite database as of one moment while the till goes on selling.
 *
 * What the till can notice: in WAL mode readers are never held up, and a writer waits at most 100 ms (eight times, if
 * readers of its own keep old data open), then its WAL grows until the capture ends. In rollback-journal mode commits
 * are held up while the database is copied in steps, some milliseconds each; when the till keeps committing all the
 * same, once for the time of a copy (about 8 s for 1 GB), so its busy timeout should be longer than that.
 * Locks belong to the process: no other code in it may open and close the database file by itself meanwhile.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Capture, Source, SourceSize } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { SourceError, throwIfCancelled } from '../shared/errors.js';
import { followLinks } from './live-folders.js';
import { SqliteCapture } from './sqlite-capture.js';
import { isBusy, openSqlite, readNumber, toDatabaseError } from './sqlite-connection.js';
import { openDatabaseView } from './sqlite-view.js';
import { BUSY_SLICE_MS, whenUnlocked } from './sqlite-wait.js';
import { errnoOf, toAppError } from './system-error.js';

/** How long a scan waits for the till's locks before it makes do with the size of the file. */
const SCAN_BUSY_MS = 1_000;
/** How long a capture waits for them; a till without WAL that commits without a pause frees it for moments only. */
const CAPTURE_BUSY_MS = 30_000;

export interface SqliteSourceOptions {
  clock: Clock;
  /** For a private copy when the main file cannot be read in place; mode 0700. */
  tempDir: string;
}

export class SqliteSource implements Source {
  readonly component = 'DATABASE';
  readonly description: string;

  /** @param path absolute path of the database file */
  constructor(
    private readonly path: string,
    private readonly options: SqliteSourceOptions,
  ) {
    this.description = basename(path);
  }

  async scan({ signal }: { signal?: AbortSignal }): Promise<SourceSize> {
    throwIfCancelled(signal);
    const path = this.#find();
    try {
      const database = openSqlite(path, { busyTimeoutMs: SCAN_BUSY_MS });
      try {
        const totalBytes =
          readNumber(database, 'PRAGMA page_count') * readNumber(database, 'PRAGMA page_size');
        readNumber(database, 'SELECT count(*) FROM sqlite_schema');
        return { totalBytes, totalFiles: 1 };
      } finally {
        database.close();
      }
    } catch (error) {
      // A count for progress only: the till is at work.
      if (isBusy(error)) return { totalBytes: statSync(path).size, totalFiles: 1 };
      throw this.#explain(error);
    }
  }

  async capture({ signal }: { signal?: AbortSignal }): Promise<Capture> {
    throwIfCancelled(signal);
    const path = this.#find();
    const waiting = { clock: this.options.clock, busyLimitMs: CAPTURE_BUSY_MS, ...(signal && { signal }) };
    try {
      return await whenUnlocked(() => this.#tryCapture(path, signal), waiting);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #tryCapture(path: string, signal?: AbortSignal): Promise<Capture> {
    const database = openSqlite(path, { busyTimeoutMs: BUSY_SLICE_MS });
    try {
      const options = { ...this.options, ...(signal ? { signal } : {}) };
      return new SqliteCapture(this.description, await openDatabaseView(path, database, options));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The database file with links followed, so that `-wal` is looked for beside the real one. */
  #find(): string {
    try {
      const path = followLinks(this.path);
      const stats = statSync(path);
      if (stats.isFile()) return path;
      throw new SourceError(
        `Database "${this.description}" is no file, expected an SQLite database at DATABASE_URL`,
      );
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') {
        throw toAppError(error, `Database file "${this.description}" cannot be read`);
      }
      throw new SourceError(`Database file "${this.description}" not found, expected at DATABASE_URL`, {
        cause: error,
      });
    }
  }

  #explain(error: unknown): Error {
    const what = `Database "${this.description}" cannot be read`;
    return errnoOf(error).startsWith('ERR_SQLITE') ? toDatabaseError(error, what) : toAppError(error, what);
  }
}
