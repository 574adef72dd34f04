import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { AppError, CancelledError, ConflictError, invariant, throwIfCancelled } from '../shared/errors.js';
import { isBusy, openSqlite, readNumber, readValue, toDatabaseError } from './sqlite-connection.js';
import { copyDatabase } from './sqlite-copy.js';
import { checkpoint, type Evidence, gatherEvidence, isReplaced } from './sqlite-evidence.js';
import { runDatabaseTask } from './sqlite-task.js';
import { BUSY_SLICE_MS, type LockWait, whenUnlocked } from './sqlite-wait.js';
import type { StagingFolder } from './staging-folder.js';
import { syncFolder } from './sync-folder.js';

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
    const { folder, staged, live, name, clock, busyLimitMs } = this.deps;
    const waiting = { clock, busyLimitMs, ...(signal && { signal }) };
    try {
      await matchPageSize({ staged, live, name }, waiting);
      await this.#probeLock(signal);
      const evidence: Evidence = await gatherEvidence({ live, staged, ...waiting });
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
      const happened = isCertain ? false : await hasHappened(plan, { clock, busyLimitMs });
      if (happened === false) throw error;
      if (happened === null) throw undecided(plan.name, error);
    }
  }

  async undo(): Promise<void> {
    // Nothing to take back: `swap` happened as a whole, or not at all.
  }

  async settle(): Promise<void> {
    settleOnline(this.deps.live);
  }

  /**
   * Takes the write lock and lets it go: a till that never does is found out before anything is swapped. SQLite's own
   * waiting backs off to 100 ms between looks, and a till that commits without a pause never leaves the lock free for
   * that long; so this looks again and again for a while, then lets others run. Without a WAL readers are in the way of
   * a commit too: they are found out here, before what belongs to the database is swapped.
   */
  async #probeLock(signal?: AbortSignal): Promise<void> {
    const { clock, busyLimitMs, live } = this.deps;
    const giveUpAt = clock.monotonicMs() + busyLimitMs;
    const database = openSqlite(live, { busyTimeoutMs: 0 });
    try {
      for (let look = 1; ; look++) {
        try {
          database.exec(`BEGIN ${hasLog(database) ? 'IMMEDIATE' : 'EXCLUSIVE'}; ROLLBACK`);
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
  waiting: LockWait,
): Promise<boolean | null> {
  try {
    return await isReplaced(evidence, { live, staged, ...waiting });
  } catch (error) {
    throw undecided(name, error);
  }
}

/** Nobody knows now whether the transaction has happened: to be found out later. */
function undecided(name: string, error: unknown): AppError {
  const { code, message } = toDatabaseError(
    error,
    `Database "${name}" cannot be looked at after its restore`,
  );
  return new AppError(code, message, { cause: error, details: { undecided: true } });
}

/**
 * A database keeps its page size while it is open in WAL mode, so the staged copy takes the live one's.
 * @throws the error of node:sqlite, CancelledError
 */
export async function matchPageSize(
  { staged, live, name }: Pick<OnlinePlan, 'staged' | 'live' | 'name'>,
  waiting: LockWait,
): Promise<void> {
  const found = await whenUnlocked(
    () =>
      withDatabase(live, BUSY_SLICE_MS, (database) =>
        readNumber(database, 'PRAGMA page_count') === 0 ? null : readNumber(database, 'PRAGMA page_size'),
      ),
    waiting,
  );
  const incoming = openSqlite(staged, { busyTimeoutMs: 0, isImmutable: true });
  const given = readNumber(incoming, 'PRAGMA page_size');
  incoming.close();
  if (found === null || found === given) return;
  const goal = `${staged}-rewritten`;
  rmSync(goal, { force: true });
  await runDatabaseTask({ kind: 'rewrite', path: staged, name, goal, pageBytes: found }, waiting.signal);
  renameSync(goal, staged);
  syncFolder(dirname(staged));
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

function hasLog(database: DatabaseSync): boolean {
  return readValue(database, 'PRAGMA journal_mode') === 'wal';
}

function withDatabase<T>(path: string, busyTimeoutMs: number, use: (database: DatabaseSync) => T): T {
  const database = openSqlite(path, { busyTimeoutMs });
  try {
    return use(database);
  } finally {
    database.close();
  }
}
