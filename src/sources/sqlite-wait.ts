import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { throwIfCancelled } from '../shared/errors.js';
import { isBusy } from './sqlite-connection.js';

/** How long one try may wait within SQLite, in milliseconds: nothing else runs on the thread meanwhile. */
export const BUSY_SLICE_MS = 250;
const BUSY_PAUSE_MS = 20;

/** How long locks of the till are waited for. */
export interface LockWait {
  clock: Clock;
  /** In milliseconds. */
  busyLimitMs: number;
  signal?: AbortSignal;
}

/**
 * Does `work`, again and again while a lock of the till is in the way. Each try should wait for at most BUSY_SLICE_MS
 * and undo what it began.
 * @throws what `work` throws; its busy error when the time is over; CancelledError
 */
export async function whenUnlocked<T>(
  work: () => T | Promise<T>,
  { clock, busyLimitMs, signal }: LockWait,
): Promise<T> {
  const giveUpAt = clock.monotonicMs() + busyLimitMs;
  for (;;) {
    throwIfCancelled(signal);
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() >= giveUpAt) throw error;
    }
    await wait(BUSY_PAUSE_MS);
  }
}
