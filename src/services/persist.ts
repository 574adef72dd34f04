import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../shared/errors.js';

/** Waits between the attempts to store how an operation ended, in milliseconds. */
const RETRY_DELAYS_MS = [100, 500, 2_000];

/**
 * Stores how an operation ended, trying again while the metadata database says that it may answer later: the work
 * itself is done, and its outcome should not hang on one moment.
 * @throws the last error; the operation's state is then put right when the server starts next
 */
export async function persist<T>(store: () => Promise<T>): Promise<T> {
  for (const delayMs of RETRY_DELAYS_MS) {
    try {
      return await store();
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) throw error;
      await delay(delayMs);
    }
  }
  return store();
}
