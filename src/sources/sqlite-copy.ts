import type { DatabaseSync } from 'node:sqlite';
import { backup } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { CancelledError, throwIfCancelled } from '../shared/errors.js';
import { isBusy, toSqliteUri } from './sqlite-connection.js';

/** Pages per step: a few MiB, so that progress and cancelling are quick and the source is free in between. */
const STEP_PAGES = 1024;
/** More pages than a database can have in one step's count. */
const ALL_PAGES = 2 ** 31 - 1;
/** Restarts by other writers after which everything is copied in one step, that nobody can interrupt. */
const MAX_RESTARTS = 3;
/** Short, because a till that sells without a pause leaves its database free for moments only. */
const RETRY_AFTER_MS = 1;

/** Stops a stepwise copy that other writers keep restarting. */
class StarvedCopy extends Error {}

export interface CopyOptions {
  clock: Clock;
  /** How long locks of others are waited for, in milliseconds. */
  busyLimitMs: number;
  signal?: AbortSignal;
  /** Copies everything in one step, as one transaction of the destination that starts and ends at once. */
  inOneStep?: boolean;
}

/**
 * Copies a whole database into another one with SQLite's online backup: one transaction of the destination, which
 * connections that are open on it see like any other commit. The destination file must exist (it may be empty).
 *
 * Writers of the source may go on between steps; each commit of theirs makes SQLite start over, so after three
 * restarts all pages are copied in one step. That step cannot be cancelled and, for a source in rollback-journal
 * mode, holds commits of others up until it is done. A source connection with an open read transaction is copied as
 * of that transaction and never starts over.
 * @throws CancelledError; the error of node:sqlite, a busy one (see `isBusy`) when the time limit is over
 */
export async function copyDatabase(
  source: DatabaseSync,
  destination: string,
  options: CopyOptions,
): Promise<void> {
  const { clock, busyLimitMs, signal } = options;
  const giveUpAt = clock.monotonicMs() + busyLimitMs;
  let rate = options.inOneStep ? ALL_PAGES : STEP_PAGES;
  for (;;) {
    throwIfCancelled(signal);
    try {
      await copyOnce(source, destination, { rate, giveUpAt, ...options });
      return;
    } catch (error) {
      if (error instanceof StarvedCopy) rate = ALL_PAGES;
      else if (!isBusy(error) || clock.monotonicMs() >= giveUpAt) throw error;
      else await wait(RETRY_AFTER_MS);
    }
  }
}

async function copyOnce(
  source: DatabaseSync,
  destination: string,
  { rate, giveUpAt, clock, signal }: CopyOptions & { rate: number; giveUpAt: number },
): Promise<void> {
  let lowest = Number.POSITIVE_INFINITY;
  let restarts = 0;
  let stalledSteps = 0;
  await backup(source, toSqliteUri(destination), {
    rate,
    // Called between steps; throwing ends the copy and leaves the destination as it was.
    progress: ({ remainingPages }) => {
      if (signal?.aborted) throw new CancelledError();
      if (remainingPages > lowest) restarts += 1;
      stalledSteps = remainingPages === lowest ? stalledSteps + 1 : 0;
      if (stalledSteps > 0 && clock.monotonicMs() >= giveUpAt) throw new StarvedCopy();
      if (restarts >= MAX_RESTARTS) throw new StarvedCopy();
      lowest = remainingPages;
    },
  });
}
