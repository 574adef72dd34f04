import type { ProgressEvent, ProgressRepository } from '../db/progress-repository.js';
import { WakeUp } from './wake-up.js';

/** How long events wait to be stored together, in milliseconds. */
const FLUSH_INTERVAL_MS = 1_000;

/** What a journal works with. */
export interface ProgressJournalDeps {
  progress: Pick<ProgressRepository, 'append'>;
  /** Told when events could not be stored; they are kept and tried again. */
  onFailure(error: unknown): void;
}

/**
 * The events of one operation that runs in this process: the newest are here until they are stored, about once a
 * second and in order, so that memory stays small however long the operation runs.
 */
export class ProgressJournal {
  readonly wakeUp = new WakeUp();
  readonly #deps: ProgressJournalDeps;
  readonly #unstored: ProgressEvent[] = [];
  #latest: ProgressEvent | null;
  #storing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(latest: ProgressEvent | null, deps: ProgressJournalDeps) {
    this.#latest = latest;
    this.#deps = deps;
  }

  /** The newest event, stored or not. */
  get latest(): ProgressEvent | null {
    return this.#latest;
  }

  /** Takes in the next event and wakes those who wait for it. */
  add(event: ProgressEvent): void {
    this.#latest = event;
    this.#unstored.push(event);
    this.wakeUp.wake();
    this.#schedule();
  }

  /** At most `limit` events above `after` when all of them are still here, else null: look into the database. */
  readAfter(after: number, limit: number): ProgressEvent[] | null {
    if (this.#latest !== null && after >= this.#latest.sequence) return [];
    const first = this.#unstored[0];
    if (first === undefined || first.sequence > after + 1) return null;
    return this.#unstored.slice(after + 1 - first.sequence).slice(0, limit);
  }

  /** Stores every event that is not stored yet. @throws StorageError; the events are kept */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const store = async (): Promise<void> => {
      const batch = this.#unstored.slice();
      await this.#deps.progress.append(batch);
      this.#unstored.splice(0, batch.length);
    };
    // One after the other, whether or not the one before succeeded: a batch that failed is part of the next.
    this.#storing = this.#storing.then(store, store);
    return this.#storing;
  }

  /** Ends the timer. What is not stored is dropped. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.wakeUp.wake();
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.flush().catch((error: unknown) => {
        this.#deps.onFailure(error);
        this.#schedule();
      });
    }, FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }
}
