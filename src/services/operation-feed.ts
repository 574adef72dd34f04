import type { BackupRecord, RestoreRecord } from '../shared/operation.js';
import { createClosableIterator } from './closable-iterator.js';
import { WakeUp, waitFor } from './wake-up.js';

/** A backup or restore whose status has just changed, as it is now stored. */
export type OperationChange =
  | { kind: 'backup'; backup: BackupRecord }
  | { kind: 'restore'; restore: RestoreRecord };

/** How many changes are kept for a subscriber that does not take them. */
const MAX_PENDING = 1_000;

/** Tells dashboards of every backup's and every restore's change of status. */
export class OperationFeed {
  readonly #subscribers = new Set<OperationChange[]>();
  readonly #wakeUp = new WakeUp();
  readonly #closing = new AbortController();
  readonly #observers: ((change: OperationChange) => void)[] = [];

  /**
   * Hands a change to everybody who has subscribed. A subscriber that is a thousand changes behind loses those that
   * a later change of the same operation has overtaken, then the oldest.
   */
  publish(change: OperationChange): void {
    for (const pending of this.#subscribers) {
      pending.push(change);
      if (pending.length > MAX_PENDING) pending.splice(findOvertaken(pending), 1);
    }
    this.#wakeUp.wake();
  }

  /** As `publish`, for the one change with which an operation ends: whoever observes ends is told too. */
  publishEnd(change: OperationChange): void {
    for (const observe of this.#observers) observe(change);
    this.publish(change);
  }

  /** Calls `observer` once for every operation that ends from now on, before subscribers hear of it; it must not throw. */
  observeEnds(observer: (change: OperationChange) => void): void {
    this.#observers.push(observer);
  }

  /** Every change from now on, until `signal` aborts, the iterator is closed, or the feed is. */
  subscribe(signal?: AbortSignal): AsyncIterableIterator<OperationChange> {
    const closing = this.#closing.signal;
    const pending: OperationChange[] = [];
    this.#subscribers.add(pending);
    return createClosableIterator((closed) => this.#follow(pending, closed), {
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
      onClose: () => this.#subscribers.delete(pending),
    });
  }

  /** Ends every subscription. */
  close(): void {
    this.#closing.abort();
  }

  async *#follow(
    pending: OperationChange[],
    closed: AbortSignal,
  ): AsyncGenerator<OperationChange, void, void> {
    while (!closed.aborted) {
      const change = pending.shift();
      if (change === undefined) await waitFor(this.#wakeUp.next, closed);
      else yield change;
    }
  }
}

function idOf(change: OperationChange): string {
  return change.kind === 'backup' ? change.backup.id : change.restore.id;
}

/** The place of the oldest change that a later one of the same operation has overtaken; 0 when there is none. */
function findOvertaken(changes: readonly OperationChange[]): number {
  const seen = new Set<string>();
  let oldest = 0;
  for (let place = changes.length - 1; place >= 0; place--) {
    const id = idOf(changes[place] as OperationChange);
    if (seen.has(id)) oldest = place;
    seen.add(id);
  }
  return oldest;
}
