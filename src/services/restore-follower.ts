import type { RestoreRepository } from '../db/restore-repository.js';
import type { RestoreUpdate, SnapshotDescription } from '../engine/index.js';
import type { RestoreRecord } from '../shared/operation.js';
import type { OperationFeed } from './operation-feed.js';
import type { ProgressTracker } from './progress-tracker.js';

/** What a restore's follower works with. */
export interface RestoreFollowerDeps {
  restores: Pick<RestoreRepository, 'update'>;
  feed: OperationFeed;
  tracker: ProgressTracker;
  /** Stores the row of the restore point. */
  storeRestorePoint(snapshot: SnapshotDescription): Promise<void>;
  /** Told when the change of state could not be stored. */
  onFailure(error: unknown): void;
}

/**
 * Hands a restore's reports to its tracker, and takes the restore from VALIDATING to RESTORING when the engine begins
 * to write. The state is stored before it is announced; reports that come meanwhile wait, one for each phase.
 */
export class RestoreFollower {
  readonly #restore: RestoreRecord;
  readonly #deps: RestoreFollowerDeps;
  #state: 'validating' | 'changing' | 'restoring' = 'validating';
  #changing: Promise<void> = Promise.resolve();
  #waiting: RestoreUpdate[] = [];
  #isValidated = false;
  #hasRestorePoint = false;

  constructor(restore: RestoreRecord, deps: RestoreFollowerDeps) {
    this.#restore = restore;
    this.#deps = deps;
  }

  /** True once the engine has said that every byte to be restored was checked. */
  get isValidated(): boolean {
    return this.#isValidated;
  }

  /** Takes in one report. */
  follow(update: RestoreUpdate): void {
    this.#isValidated ||= update.validated;
    if (this.#state === 'validating' && this.#isWriting(update)) {
      this.#state = 'changing';
      this.#changing = this.#beginRestoring();
    }
    if (update.restorePoint !== null && !this.#hasRestorePoint) this.#takeIn(update.restorePoint);
    if (this.#state === 'changing') this.#wait(update);
    else this.#track(update);
  }

  /** Waits until everything reported was handed on. */
  settle(): Promise<void> {
    return this.#changing;
  }

  /** After the change of state, which announces that the restore writes. */
  #takeIn(restorePoint: SnapshotDescription): void {
    this.#hasRestorePoint = true;
    const { storeRestorePoint, onFailure } = this.#deps;
    // The repository holds it whatever happens here: the next start gives it its row.
    this.#changing = this.#changing.then(() => storeRestorePoint(restorePoint)).catch(onFailure);
  }

  #track({ restorePoint: _, ...update }: RestoreUpdate): void {
    this.#deps.tracker.update({ ...update, storedBytes: 0 });
  }

  #isWriting(update: RestoreUpdate): boolean {
    return !this.#restore.validateOnly && (update.validated || update.phase !== 'VALIDATING');
  }

  #wait(update: RestoreUpdate): void {
    if (this.#waiting.at(-1)?.phase === update.phase) this.#waiting.pop();
    this.#waiting.push(update);
  }

  async #beginRestoring(): Promise<void> {
    const { restores, feed, tracker, onFailure } = this.#deps;
    try {
      const validated = this.#isValidated;
      const restore = await restores.update(this.#restore.id, ['VALIDATING'], {
        status: 'RESTORING',
        validated,
      });
      if (restore !== null) feed.publish({ kind: 'restore', restore });
    } catch (error) {
      // A restore is not broken off for the sake of its metadata: its end is stored apart.
      onFailure(error);
    }
    this.#state = 'restoring';
    const [first, ...rest] = this.#waiting;
    this.#waiting = [];
    if (first !== undefined) tracker.begin('RESTORING', first.phase);
    for (const update of first === undefined ? [] : [first, ...rest]) {
      this.#track(update);
    }
  }
}
