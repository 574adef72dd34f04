import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, RecoveredRestore, UnendedRestore } from '../engine/index.js';
import { type AppError, ConflictError, SourceError, StorageError } from '../shared/errors.js';
import type { TillGate } from './till-gate.js';

/** What the recovery of the till works with. */
export interface TillRecoveryDeps {
  engine: Pick<Engine, 'recoverRestores'>;
  gate: TillGate;
  /** Told of every attempt that failed for another reason than the one before. */
  onFailure(error: unknown): void;
}

/** Waits between attempts, in milliseconds; the last one again and again. */
const RETRY_DELAYS_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/**
 * Puts right what restores left that were cut short, and shuts the gate for as long as a disk, a lock or a database
 * server keeps it from being put right.
 */
export class TillRecovery {
  readonly #deps: TillRecoveryDeps;
  readonly #closing = new AbortController();

  constructor(deps: TillRecoveryDeps) {
    this.#deps = deps;
  }

  /**
   * Tries once, and opens the gate or shuts it.
   * @param unended restores that may have been running
   * @returns null when something is in the way that may go away by itself or by an administrator's hand
   * @throws IntegrityError when the journal cannot be read
   */
  async attempt(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[] | null> {
    const { engine, gate, onFailure } = this.#deps;
    try {
      const recovered = await engine.recoverRestores(unended);
      gate.open();
      return recovered;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (gate.reason !== error.message) onFailure(error);
      gate.shut(error.message);
      return null;
    }
  }

  /**
   * Tries again and again, after a wait each time.
   * @returns null when `close` was called before it worked
   */
  async persist(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[] | null> {
    const { signal } = this.#closing;
    for (let attempt = 0; ; attempt++) {
      const delayMs = RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)]!;
      await delay(delayMs, undefined, { signal }).catch(() => {}); // aborted: looked at next
      if (signal.aborted) return null;
      try {
        const recovered = await this.attempt(unended);
        if (recovered !== null) return recovered;
      } catch (error) {
        this.#deps.onFailure(error);
      }
    }
  }

  /** As `persist`, for a restore that has just failed to bring the live data back. */
  async bringBack(restore: UnendedRestore, reason: AppError): Promise<RecoveredRestore | null> {
    this.#deps.gate.shut(reason.message);
    this.#deps.onFailure(reason);
    const recovered = await this.persist([restore]);
    return recovered?.find(({ restoreId }) => restoreId === restore.restoreId) ?? null;
  }

  /** No further attempt is made. May be called twice. */
  close(): void {
    this.#closing.abort();
  }
}

/** True for what an administrator, or time, may take out of the way. */
function isPassing(error: unknown): error is AppError {
  return error instanceof ConflictError || error instanceof SourceError || error instanceof StorageError;
}
