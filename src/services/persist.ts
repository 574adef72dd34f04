import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '../shared/errors.js';

/** Waits between attempts, in milliseconds; the last one again and again. */
const DELAYS_MS = [100, 500, 2_000, 5_000];
/** How long attempts go on for an operation that was aborted: the server may be waiting to stop. */
const ABORTED_LIMIT_MS = 20_000;

export interface PersistOptions {
  /** The operation's signal. */
  signal: AbortSignal;
  /** Told of each failed attempt. */
  onFailure: (error: unknown) => void;
}

/**
 * Stores the state of an operation, and tries again for as long as the metadata database has no room or does not
 * answer: nothing else could be recorded meanwhile, and an operation whose state is not stored would be stuck.
 * @throws what the database said last, when the operation was aborted and 20 s did not help, and at once what is no
 *   trouble of the database; the state is then put right when the server starts next
 */
export async function persist<T>(store: () => Promise<T>, { signal, onFailure }: PersistOptions): Promise<T> {
  let abortedMs = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await store();
    } catch (error) {
      if (!(error instanceof StorageError) || abortedMs >= ABORTED_LIMIT_MS) throw error;
      onFailure(error);
    }
    const delayMs = DELAYS_MS[Math.min(attempt, DELAYS_MS.length - 1)]!;
    await delay(delayMs);
    if (signal.aborted) abortedMs += delayMs;
  }
}
