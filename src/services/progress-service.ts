/**
 * The progress of every operation: followed while it runs, stored, and replayed from any event on, also after the
 * end and after a restart. A subscriber holds a place in the sequence and at most one batch of events: a slow one
 * reads what it missed from the database.
 */
import type { BackupRepository } from '../db/backup-repository.js';
import type { ProgressEvent, ProgressRepository } from '../db/progress-repository.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { Clock } from '../shared/clock.js';
import { InvalidInputError, NotFoundError } from '../shared/errors.js';
import {
  type BackupProgressRecord,
  isBackupEnded,
  isRestoreEnded,
  type RestoreProgressRecord,
} from '../shared/operation.js';
import { createClosableIterator } from './closable-iterator.js';
import { ProgressJournal } from './progress-journal.js';
import { toBackupProgress, toRestoreProgress } from './progress-records.js';
import { type ProgressEnd, ProgressTracker } from './progress-tracker.js';
import { remembering, SharedReads } from './shared-reads.js';
import { waitFor } from './wake-up.js';

/** How many events a subscriber holds at most. */
const BATCH_LENGTH = 100;
/** How often an operation that runs elsewhere is looked at, in milliseconds. */
const POLL_INTERVAL_MS = 1_000;

/** What the progress service works with. */
export interface ProgressServiceDeps {
  progress: ProgressRepository;
  backups: Pick<BackupRepository, 'find'>;
  restores: Pick<RestoreRepository, 'find'>;
  clock: Clock;
  /** Told when events could not be stored for now. */
  onFailure(error: unknown): void;
}

/** An operation that this process follows. */
interface Live {
  tracker: ProgressTracker;
  journal: ProgressJournal;
}

/** True when the operation will not change any more, or is gone. */
type HasEnded = () => Promise<boolean>;

/** Follows operations, and lets clients follow them. */
export class ProgressService {
  readonly #deps: ProgressServiceDeps;
  readonly #live = new Map<string, Live>();
  /** How many follow an operation, of those that are followed at all. */
  readonly #followers = new Map<string, number>();
  readonly #reads = new SharedReads<ProgressEvent[]>();
  /** One record for each event, however many it is sent to, so that they can share what is made of it. */
  readonly #toBackup = remembering(toBackupProgress);
  readonly #toRestore = remembering(toRestoreProgress);
  readonly #closing = new AbortController();

  constructor(deps: ProgressServiceDeps) {
    this.#deps = deps;
  }

  /**
   * The progress of a backup: its latest event at once, or every event whose sequence is above `after`; then live
   * ones; ends after the DONE event. Ends without an error when `signal` aborts.
   * @throws NotFoundError, InvalidInputError when `after` is not a whole number from 0
   */
  async backupProgress(
    id: string,
    after: number | null,
    signal?: AbortSignal,
  ): Promise<AsyncIterableIterator<BackupProgressRecord>> {
    const hasEnded = async (): Promise<boolean> => {
      const backup = await this.#deps.backups.find(id);
      return backup === null || isBackupEnded(backup.status);
    };
    if ((await this.#deps.backups.find(id)) === null) throw new NotFoundError(`There is no backup '${id}'`);
    const place = await this.#findPlace(id, after);
    return this.#subscribe(this.#toBackup, (closed) => this.#follow(id, place, hasEnded, closed), signal);
  }

  /** The progress of a restore, as `backupProgress`. */
  async restoreProgress(
    id: string,
    after: number | null,
    signal?: AbortSignal,
  ): Promise<AsyncIterableIterator<RestoreProgressRecord>> {
    const hasEnded = async (): Promise<boolean> => {
      const restore = await this.#deps.restores.find(id);
      return restore === null || isRestoreEnded(restore.status);
    };
    if ((await this.#deps.restores.find(id)) === null) throw new NotFoundError(`There is no restore '${id}'`);
    const place = await this.#findPlace(id, after);
    return this.#subscribe(this.#toRestore, (closed) => this.#follow(id, place, hasEnded, closed), signal);
  }

  /** The newest event of each of these backups, in their order; null where there is none. */
  async latestBackupProgresses(ids: readonly string[]): Promise<(BackupProgressRecord | null)[]> {
    return (await this.#findLatestOfAll(ids)).map((latest) => latest && toBackupProgress(latest));
  }

  /** The newest event of each of these restores, in their order; null where there is none. */
  async latestRestoreProgresses(ids: readonly string[]): Promise<(RestoreProgressRecord | null)[]> {
    return (await this.#findLatestOfAll(ids)).map((latest) => latest && toRestoreProgress(latest));
  }

  /** Begins, or after a restart goes on, to follow an operation, and stores that it is queued. @throws StorageError */
  async open(id: string): Promise<ProgressTracker> {
    const { progress, clock, onFailure } = this.#deps;
    const latest = this.#live.has(id) ? null : await progress.findLatest(id);
    const known = this.#live.get(id);
    if (known !== undefined) return known.tracker;
    const journal = new ProgressJournal(latest, { progress, onFailure });
    const tracker = new ProgressTracker(id, latest, {
      clock,
      emit: (event) => journal.add(event),
      countFollowers: () => this.#followers.get(id) ?? 0,
    });
    this.#live.set(id, { tracker, journal });
    tracker.queued();
    await journal.flush();
    return tracker;
  }

  /**
   * Ends an operation's progress. `store` is given the last event to store it together with the operation's final
   * state, all or nothing, so that whoever sees DONE finds that state; it answers null when the operation is in
   * another state than it thought, and then nothing is ended.
   * @throws StorageError; may be called again then
   */
  async end<T>(
    id: string,
    end: ProgressEnd,
    store: (last: ProgressEvent) => Promise<T | null>,
  ): Promise<T | null> {
    const tracker = await this.open(id);
    await this.#live.get(id)?.journal.flush();
    const stored = await store(tracker.toLastEvent(end));
    if (stored !== null) this.forget(id);
    return stored;
  }

  /** Stops to follow an operation. Who subscribed to it gets what is stored. */
  forget(id: string): void {
    const live = this.#live.get(id);
    this.#live.delete(id);
    live?.tracker.stop();
    live?.journal.close();
  }

  /** Ends every subscription and every timer, after storing what is not stored yet. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const [id, { tracker, journal }] of this.#live) {
      tracker.stop();
      await journal.flush().catch(this.#deps.onFailure);
      this.forget(id);
    }
  }

  #subscribe<Stored, Sent>(
    convert: (event: Stored) => Sent,
    follow: (closed: AbortSignal) => AsyncGenerator<Stored, void, void>,
    signal?: AbortSignal,
  ): AsyncIterableIterator<Sent> {
    const closing = this.#closing.signal;
    return createClosableIterator(
      async function* (closed) {
        for await (const event of follow(closed)) yield convert(event);
      },
      { signal: signal === undefined ? closing : AbortSignal.any([signal, closing]) },
    );
  }

  /** The sequence after which a subscriber begins. */
  async #findPlace(id: string, after: number | null): Promise<number> {
    if (after === null) return ((await this.#findLatest(id))?.sequence ?? 1) - 1;
    if (Number.isInteger(after) && after >= 0) return after;
    throw new InvalidInputError(`after must be a whole number from 0, found ${after}`, {
      details: { field: 'after' },
    });
  }

  async #findLatest(id: string): Promise<ProgressEvent | null> {
    return this.#live.get(id)?.journal.latest ?? this.#deps.progress.findLatest(id);
  }

  async #findLatestOfAll(ids: readonly string[]): Promise<(ProgressEvent | null)[]> {
    const isHere = (id: string): boolean => Boolean(this.#live.get(id)?.journal.latest);
    const elsewhere = [...new Set(ids)].filter((id) => !isHere(id));
    const stored = await this.#deps.progress.findLatestOfAll(elsewhere);
    const latest = new Map(stored.map((event) => [event.operationId, event]));
    return ids.map((id) => this.#live.get(id)?.journal.latest ?? latest.get(id) ?? null);
  }

  /** A thousand followers that reach the end together read it once. */
  #listAfter(id: string, place: number): Promise<ProgressEvent[]> {
    return this.#reads.read(`${id} ${place}`, () => this.#deps.progress.listAfter(id, place, BATCH_LENGTH));
  }

  async *#follow(
    id: string,
    after: number,
    hasEnded: HasEnded,
    closed: AbortSignal,
  ): AsyncGenerator<ProgressEvent, void, void> {
    this.#followers.set(id, (this.#followers.get(id) ?? 0) + 1);
    try {
      yield* this.#followFrom(id, after, hasEnded, closed);
    } finally {
      const others = (this.#followers.get(id) ?? 1) - 1;
      if (others > 0) this.#followers.set(id, others);
      else this.#followers.delete(id);
    }
  }

  async *#followFrom(
    id: string,
    after: number,
    hasEnded: HasEnded,
    closed: AbortSignal,
  ): AsyncGenerator<ProgressEvent, void, void> {
    let place = after;
    for (let isLast = false; !closed.aborted; ) {
      // Taken before reading, so that an event or an end in between wakes at once.
      const journal = this.#live.get(id)?.journal;
      const woken = journal?.wakeUp.next ?? new Promise<void>(() => undefined);
      const events = journal?.readAfter(place, BATCH_LENGTH) ?? (await this.#listAfter(id, place));
      for (const event of events) {
        yield event;
        place = event.sequence;
        // An end that the start of the server has put right is followed by the right one.
        if (event.phase === 'DONE' && event === events.at(-1)) return;
      }
      if (events.length > 0) continue;
      if (isLast) return;
      if (journal === undefined) isLast = await hasEnded();
      if (!isLast) await waitFor(woken, closed, journal === undefined ? POLL_INTERVAL_MS : undefined);
    }
  }
}
