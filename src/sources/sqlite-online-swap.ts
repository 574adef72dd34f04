import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { ConflictError, IntegrityError } from '../shared/errors.js';
import { KEPT } from './place-swap.js';
import { isBusy, openSqlite, readNumber, readValue, toDatabaseError } from './sqlite-connection.js';
import { copyDatabase } from './sqlite-copy.js';
import type { DatabaseSwap, RenamingSwapDeps } from './sqlite-renaming-swap.js';

/** How long locks of the till are waited for before a restore gives up, in milliseconds. */
export const SWAP_BUSY_LIMIT_MS = 15_000;

/** What replacing a live database works with. */
/** Looks for a free lock, some microseconds each, before others get their turn. */
const LOOKS_IN_A_ROW = 500;

/** What an online swap works with. */
export interface OnlineSwapDeps extends RenamingSwapDeps {
  clock: Clock;
  busyLimitMs: number;
}

/**
 * Replaces a live, sound database through SQLite itself: the online backup of the staged file into the live one is
 * one transaction, which connections that are open see like any other commit. The old content is kept first, while
 * a write lock keeps others from adding to it; between that lock and the one of the replacing transaction lies a
 * moment, far below a millisecond, in which a commit of the till would be replaced and not be in the kept copy.
 *
 * What the till notices: no writes for the time of two copies (about 15 s for 1 GB), readers go on in WAL mode.
 */
export class OnlineSwap implements DatabaseSwap {
  readonly #kept: string;
  /** True when the journal mode was changed to let the page size change. */
  #leftWal = false;
  #isReplaced = false;

  constructor(private readonly deps: OnlineSwapDeps) {
    this.#kept = join(deps.folder.path, KEPT);
  }

  async swap(): Promise<void> {
    try {
      await this.#withLive(async (live) => {
        this.#matchPageSizes(live, this.deps.staged);
        await this.#withImmutable(this.deps.staged, async (source) => {
          await this.#keep(live);
          await this.#replaceWith(source);
        });
      });
      this.#readBack();
    } catch (error) {
      throw toDatabaseError(error, `Database "${this.deps.name}" cannot be replaced`);
    }
  }

  async undo(): Promise<void> {
    try {
      if (this.#isReplaced) {
        await this.#withLive(async (live) => {
          this.#matchPageSizes(live, this.#kept);
          await this.#withImmutable(this.#kept, (source) => this.#replaceWith(source));
        });
        this.#isReplaced = false;
      }
      await this.settle();
    } catch (error) {
      throw toDatabaseError(
        error,
        `Database "${this.deps.name}" cannot be brought back, it is kept as "${KEPT}" in its staging folder`,
      );
    }
  }

  /** Brings WAL mode back where it had to be left. Another program that has the database open delays that. */
  async settle(): Promise<void> {
    if (!this.#leftWal) return;
    await this.#withLive(async (database) => {
      try {
        this.#leftWal = readValue(database, 'PRAGMA journal_mode = WAL') !== 'wal';
      } catch (error) {
        // The till opened it meanwhile: rollback-journal mode is as safe, and the till sets its own mode.
        if (!isBusy(error)) throw error;
      }
    });
  }

  /** Copies the old content while a write lock keeps it still; by a connection of its own, since SQLite wants that. */
  async #keep(database: DatabaseSync): Promise<void> {
    const { clock, busyLimitMs } = this.deps;
    writeFileSync(this.#kept, '', { mode: 0o600, flag: 'wx' });
    await this.#lock(database);
    await this.#withLive((reader) => copyDatabase(reader, this.#kept, { clock, busyLimitMs }));
    syncFile(this.#kept);
    this.deps.folder.sync();
    database.exec('ROLLBACK');
  }

  /**
   * Takes the write lock. SQLite's own waiting backs off to 100 ms between looks, and a till that commits without a
   * pause never leaves the lock free for that long; so this looks again and again for a while, then lets others run.
   */
  async #lock(database: DatabaseSync): Promise<void> {
    const { clock, busyLimitMs } = this.deps;
    const giveUpAt = clock.monotonicMs() + busyLimitMs;
    database.exec('PRAGMA busy_timeout = 0');
    for (let look = 1; ; look++) {
      try {
        database.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || clock.monotonicMs() >= giveUpAt) throw error;
      }
      if (look % LOOKS_IN_A_ROW === 0) await wait(1);
    }
  }

  /** WAL mode cannot change the page size: leaves it when the sizes differ, which needs the database for itself. */
  #matchPageSizes(live: DatabaseSync, incoming: string): void {
    if (readValue(live, 'PRAGMA journal_mode') !== 'wal') return;
    const found = readNumber(live, 'PRAGMA page_size');
    const wanted = pageSizeOf(incoming);
    if (wanted === null || wanted === found) return;
    try {
      this.#leftWal = readValue(live, 'PRAGMA journal_mode = DELETE') === 'delete';
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    if (this.#leftWal) return;
    throw new ConflictError(
      `Database "${this.deps.name}" has pages of ${found} bytes and the backup pages of ${wanted}: ` +
        'stop the programs that have it open and restore again',
    );
  }

  /** One transaction: it happened as a whole when this resolves, and not at all when it throws. */
  async #replaceWith(source: DatabaseSync): Promise<void> {
    const { clock, busyLimitMs, live } = this.deps;
    await copyDatabase(source, live, { clock, busyLimitMs, inOneStep: true });
    this.#isReplaced = true;
  }

  /** Reads every page of the live database through SQLite again, checksums of the file having been checked before. */
  #readBack(): void {
    const database = openSqlite(this.deps.live, { busyTimeoutMs: this.deps.busyLimitMs });
    try {
      const finding = String(readValue(database, 'PRAGMA quick_check(1)'));
      if (finding !== 'ok') {
        throw new IntegrityError(
          `Database "${this.deps.name}" fails SQLite's check after it was replaced: ${finding}`,
        );
      }
    } finally {
      database.close();
    }
  }

  async #withImmutable(path: string, use: (database: DatabaseSync) => Promise<void>): Promise<void> {
    const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
    try {
      await use(database);
    } finally {
      database.close();
    }
  }

  async #withLive(use: (database: DatabaseSync) => Promise<void>): Promise<void> {
    const database = openSqlite(this.deps.live, { busyTimeoutMs: this.deps.busyLimitMs });
    try {
      await use(database);
    } finally {
      database.close();
    }
  }
}

/** Null for a database without a page. */
function pageSizeOf(path: string): number | null {
  const database = openSqlite(path, { busyTimeoutMs: 0, isImmutable: true });
  try {
    return readNumber(database, 'PRAGMA page_count') === 0 ? null : readNumber(database, 'PRAGMA page_size');
  } finally {
    database.close();
  }
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
