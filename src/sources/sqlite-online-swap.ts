import { renameSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { AppError, CancelledError, ConflictError, invariant, throwIfCancelled } from '../shared/errors.js';
import { isBusy, openSqlite, readNumber, toDatabaseError } from './sqlite-connection.js';
import { copyDatabase } from './sqlite-copy.js';
import { checkpoint, type Evidence, gatherEvidence, isReplaced } from './sqlite-evidence.js';
import { runDatabaseTask } from './sqlite-task.js';
import type { StagingFolder } from './staging-folder.js';

/** How long locks of the till are waited for before a restore gives up, in milliseconds. */
export const SWAP_BUSY_LIMIT_MS = 15_000;

/** Looks for a free lock, some microseconds each, before others get their turn. */
const LOOKS_IN_A_ROW = 500;

/** What an online swap works with. */
export interface OnlineSwapDeps {
  folder: StagingFolder;
  /** The staged file. */
  staged: string;
  /** Where it belongs, links followed. */
  live: string;
  name: string;
  clock: Clock;
  busyLimitMs: number;
}

/** What an online swap will do. Paths absolute. */
export type OnlinePlan = {
  kind: 'online';
  folder: string;
  staged: string;
  live: string;
  name: string;
  evidence: { schemaVersion: number; pageBytes: number; pages: [number, string][] };
};

/**
 * Replaces a live, sound database through SQLite itself: the online backup of the staged file into the live one is
 * one transaction, which connections that are open see like any other commit. It is never taken back: a restore
 * does it last, and with it the restore has happened (docs/adr/0007).
 *
 * What the till notices: no writes for the time of one copy (about 8 s for 1 GB); readers go on in WAL mode.
 */
export class OnlineSwap {
  readonly isFinal = true;
  #plan: OnlinePlan | null = null;

  constructor(private readonly deps: OnlineSwapDeps) {}

  /** Gives the staged copy the live page size, sees that the write lock can be had, and gathers evidence. */
  async prepare(signal?: AbortSignal): Promise<OnlinePlan> {
    const { folder, staged, live, name, busyLimitMs } = this.deps;
    try {
      await this.#matchPageSize(signal);
      await this.#probeLock(signal);
      const evidence: Evidence = await gatherEvidence({ live, staged, busyLimitMs }, signal);
      this.#plan = { kind: 'online', folder: folder.path, staged, live, name, evidence: { ...evidence } };
      return this.#plan;
    } catch (error) {
      throw toDatabaseError(error, `Database "${name}" cannot be replaced`);
    }
  }

  async swap(signal?: AbortSignal): Promise<void> {
    const { clock, busyLimitMs } = this.deps;
    const plan = this.#plan;
    invariant(plan, 'a swap is prepared first');
    try {
      await replaceOnline(plan, { clock, busyLimitMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      const isCertain = error instanceof CancelledError || error instanceof ConflictError;
      // Another error may come after the commit: then it did happen, and is not to be undone around it.
      if (isCertain || (await hasHappened(plan, busyLimitMs)) === false) throw error;
    }
  }

  async undo(): Promise<void> {
    // Nothing to take back: `swap` happened as a whole, or not at all.
  }

  async settle(): Promise<void> {
    settleOnline(this.deps.live);
  }

  /** A database keeps its page size while it is open in WAL mode, so the staged copy takes the live one's. */
  async #matchPageSize(signal?: AbortSignal): Promise<void> {
    const { folder, staged, live, name, busyLimitMs } = this.deps;
    const found = withDatabase(live, busyLimitMs, (database) =>
      readNumber(database, 'PRAGMA page_count') === 0 ? null : readNumber(database, 'PRAGMA page_size'),
    );
    const incoming = openSqlite(staged, { busyTimeoutMs: 0, isImmutable: true });
    const given = readNumber(incoming, 'PRAGMA page_size');
    incoming.close();
    if (found === null || found === given) return;
    const goal = `${staged}-rewritten`;
    await runDatabaseTask({ kind: 'rewrite', path: staged, name, goal, pageBytes: found }, signal);
    renameSync(goal, staged);
    folder.sync();
  }

  /**
   * Takes the write lock and lets it go: a till that never does is found out before anything is swapped. SQLite's own
   * waiting backs off to 100 ms between looks, and a till that commits without a pause never leaves the lock free for
   * that long; so this looks again and again for a while, then lets others run.
   */
  async #probeLock(signal?: AbortSignal): Promise<void> {
    const { clock, busyLimitMs, live } = this.deps;
    const giveUpAt = clock.monotonicMs() + busyLimitMs;
    const database = openSqlite(live, { busyTimeoutMs: 0 });
    try {
      for (let look = 1; ; look++) {
        try {
          database.exec('BEGIN IMMEDIATE; ROLLBACK');
          return;
        } catch (error) {
          if (!isBusy(error) || clock.monotonicMs() >= giveUpAt) throw error;
        }
        if (look % LOOKS_IN_A_ROW === 0) await wait(1);
        throwIfCancelled(signal);
      }
    } finally {
      database.close();
    }
  }
}

/**
 * Whether the transaction of this plan, of whatever process, has happened; null when the till has rewritten everything
 * that would tell. Tells so only while its copy is staged.
 * @throws AppError with `details.undecided` when it cannot be told now
 */
export async function hasHappened(
  { evidence, live, staged, name }: OnlinePlan,
  busyLimitMs: number,
): Promise<boolean | null> {
  try {
    return await isReplaced(evidence, { live, staged, busyLimitMs });
  } catch (error) {
    const { code, message } = toDatabaseError(
      error,
      `Database "${name}" cannot be looked at after its restore`,
    );
    throw new AppError(code, message, { cause: error, details: { undecided: true } });
  }
}

/** Makes the transaction of this plan happen, again or for the first time. */
export async function replaceOnline(
  { live, staged, name }: OnlinePlan,
  options: { clock: Clock; busyLimitMs: number; signal?: AbortSignal },
): Promise<void> {
  try {
    const source = openSqlite(staged, { busyTimeoutMs: 0, isImmutable: true });
    try {
      await copyDatabase(source, live, options);
    } finally {
      source.close();
    }
  } catch (error) {
    throw toDatabaseError(error, `Database "${name}" cannot be replaced`);
  }
}

/** Moves the replacement out of the WAL, which is as large as the database after it. Best effort. */
export function settleOnline(live: string): void {
  withDatabase(live, 0, checkpoint);
}

function withDatabase<T>(path: string, busyTimeoutMs: number, use: (database: DatabaseSync) => T): T {
  const database = openSqlite(path, { busyTimeoutMs });
  try {
    return use(database);
  } finally {
    database.close();
  }
}
