import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreChanges, RestoreRepository } from '../db/restore-repository.js';
import type {
  Engine,
  RecoveredRestore,
  RestoreOutcome,
  RestoreUpdate,
  SnapshotDescription,
} from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { AppError, invariant, NotFoundError } from '../shared/errors.js';
import type { RestoreRecord, RestoreStatus } from '../shared/operation.js';
import type { Random } from '../shared/random.js';
import type { OperationHooks } from './hooks/operation-hooks.js';
import { rebuildBackups } from './metadata-rebuild.js';
import { toOperationFailure } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import { persist } from './persist.js';
import type { ProgressService } from './progress-service.js';
import { RestoreFollower } from './restore-follower.js';
import { draftRestorePoint, toUnended } from './restore-point.js';
import { toBackupOfSnapshot } from './snapshot-labels.js';
import { resolveTargetFolder } from './target-path.js';
import type { TillRecovery } from './till-recovery.js';

/** What the restore runner works with. */
export interface RestoreRunnerDeps {
  restores: RestoreRepository;
  backups: Pick<BackupRepository, 'find' | 'insertAll'>;
  engine: Pick<Engine, 'restore' | 'acknowledgeRestore'>;
  queue: JobQueue;
  progress: ProgressService;
  till: Pick<TillRecovery, 'bringBack'>;
  feed: OperationFeed;
  hooks: Pick<OperationHooks, 'beforeRestore' | 'afterRestore'>;
  clock: Clock;
  random: Random;
  /** Told of an error that is a bug, with the id of the restore that it ended. */
  onFailure(error: unknown, id: string): void;
}

/** Takes a stored restore from QUEUED to its end. Whoever sees its end announced finds it stored. */
export class RestoreRunner {
  readonly #deps: RestoreRunnerDeps;
  readonly #restoreDir: string;

  /** @param options.restoreDir absolute folder that target paths are below */
  constructor(deps: RestoreRunnerDeps, options: { restoreDir: string }) {
    this.#deps = deps;
    this.#restoreDir = options.restoreDir;
  }

  /** Puts a QUEUED restore into the queue. @throws StorageError when the server is shutting down */
  enqueue(id: string): void {
    this.#deps.queue.enqueue({ id, run: (signal) => this.#run(id, signal) });
  }

  /**
   * Ends a restore that waits, or that nothing runs any more: then the hook that is due afterwards runs first. Stores
   * its end and announces it.
   * @returns null when it was not in one of the `expected` states, and nothing was changed
   */
  async end(
    id: string,
    expected: readonly RestoreStatus[],
    changes: RestoreChanges & { status: RestoreStatus },
  ): Promise<RestoreRecord | null> {
    const restore = await this.#deps.restores.find(id);
    if (restore === null || !expected.includes(restore.status)) return null;
    const isLeft = restore.status === 'VALIDATING' || restore.status === 'RESTORING';
    return this.#store(id, expected, isLeft ? await this.#conclude(restore, changes) : changes);
  }

  /** Runs the hook that runs in any case. @returns `changes` with what it has to say */
  async #conclude<C extends RestoreChanges & { status: RestoreStatus }>(
    restore: RestoreRecord,
    changes: C,
  ): Promise<C> {
    const said = await this.#deps.hooks.afterRestore(restore, changes.status);
    return said.length === 0 ? changes : { ...changes, notices: [...(changes.notices ?? []), ...said] };
  }

  async #store(
    id: string,
    expected: readonly RestoreStatus[],
    changes: RestoreChanges & { status: RestoreStatus },
  ): Promise<RestoreRecord | null> {
    const { restores, progress, feed, clock } = this.#deps;
    const { status, error } = changes;
    const ended = await progress.end(id, { status, message: error?.message ?? null }, (lastEvent) =>
      restores.update(id, expected, { completedAt: clock.now(), ...changes }, { lastEvent }),
    );
    if (ended !== null) feed.publishEnd({ kind: 'restore', restore: ended });
    return ended;
  }

  /** Lets the engine forget a restore whose end is stored. What fails here is done by the next start. */
  async acknowledge(restore: RestoreRecord): Promise<void> {
    try {
      await this.#deps.engine.acknowledgeRestore(toUnended(restore, this.#restoreDir));
    } catch (error) {
      this.#deps.onFailure(error, restore.id);
    }
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { restores, feed, progress, clock } = this.#deps;
    const startedAt = clock.now();
    const safely = { signal, onFailure: (error: unknown) => this.#deps.onFailure(error, id) };
    const begin = () => restores.update(id, ['QUEUED'], { status: 'VALIDATING', startedAt });
    const restore = await persist(begin, safely);
    // Cancelled while it waited.
    if (restore === null) return;
    feed.publish({ kind: 'restore', restore });
    try {
      const changes = await this.#conclude(restore, await this.#perform(restore, signal));
      const ended = await persist(() => this.#store(id, ['VALIDATING', 'RESTORING'], changes), safely);
      invariant(ended !== null, `restore ${id} was running until its runner ended it`);
      await this.acknowledge(ended);
    } finally {
      progress.forget(id);
    }
  }

  /** Runs the engine and says how the restore ended. */
  async #perform(
    restore: RestoreRecord,
    signal: AbortSignal,
  ): Promise<RestoreChanges & { status: RestoreStatus }> {
    const { restores, feed, progress, onFailure } = this.#deps;
    const safely = { signal, onFailure: (error: unknown) => onFailure(error, restore.id) };
    const tracker = await persist(() => progress.open(restore.id), safely);
    const follower = new RestoreFollower(restore, {
      restores,
      feed,
      tracker,
      storeRestorePoint: (snapshot) => this.#storeRestorePoint(restore.id, snapshot),
      onFailure: (error) => onFailure(error, restore.id),
    });
    tracker.begin('VALIDATING', 'VALIDATING');
    try {
      await this.#deps.hooks.beforeRestore(restore, signal);
      const outcome = await this.#restore(restore, signal, (update) => follower.follow(update));
      const { validated, restoredFiles, skippedFiles, restoredBytes, notices } = outcome;
      const done = { validated, restoredFiles, skippedFiles, restoredBytes, notices };
      return { status: 'COMPLETED', error: null, ...done };
    } catch (error) {
      const recovered = isStuck(error) ? await this.#bringBack(restore, error) : null;
      if (recovered?.end === 'completed') return { status: 'COMPLETED', error: null, ...recovered.outcome };
      const { status, error: ending, isUnexpected } = toOperationFailure(error, signal);
      if (isUnexpected) onFailure(error, restore.id);
      const isBroughtBack = recovered !== null;
      return {
        status: isBroughtBack ? 'ROLLED_BACK' : status,
        error: isBroughtBack ? { ...ending, message: BROUGHT_BACK_LATE } : ending,
        validated: follower.isValidated,
      };
    } finally {
      await follower.settle();
      tracker.stop();
    }
  }

  /** Goes on until the live data is whole again, or the server is stopped: its next start goes on then. */
  #bringBack(restore: RestoreRecord, reason: AppError): Promise<RecoveredRestore | null> {
    return this.#deps.till.bringBack(toUnended(restore, this.#restoreDir), reason);
  }

  /** The restore says first that the backup is its own, so that nobody deletes it meanwhile. */
  async #storeRestorePoint(id: string, snapshot: SnapshotDescription): Promise<void> {
    const { backups, restores, feed } = this.#deps;
    const changes = { restorePointId: snapshot.backupId };
    const restore = await restores.update(id, ['VALIDATING', 'RESTORING'], changes);
    await rebuildBackups(backups, [snapshot]);
    if (restore !== null) feed.publish({ kind: 'restore', restore });
    feed.publish({ kind: 'backup', backup: toBackupOfSnapshot(snapshot) });
  }

  async #restore(
    restore: RestoreRecord,
    signal: AbortSignal,
    onProgress: (update: RestoreUpdate) => void,
  ): Promise<RestoreOutcome> {
    const { backups, engine } = this.#deps;
    const { components, paths, overwrite, validateOnly, targetPath } = restore;
    const snapshotId = (await backups.find(restore.backupId))?.snapshotId;
    if (!snapshotId) throw new NotFoundError(`Backup '${restore.backupName}' is no longer there`);
    // Looked at again: links and files may have come since the restore was asked for.
    const targetFolder = targetPath === null ? null : await resolveTargetFolder(this.#restoreDir, targetPath);
    const asked = { components, paths, overwrite, validateOnly };
    const restorePoint = restore.takesRestorePoint ? draftRestorePoint(restore, this.#deps) : null;
    const request = { restoreId: restore.id, snapshotId, ...asked, targetFolder, restorePoint };
    return engine.restore(request, { signal, onProgress });
  }
}

const BROUGHT_BACK_LATE =
  'The restore failed while live data was replaced, which could not be brought back at once; it is back now: the server log says what was in the way';

/** True when live data is neither what it was nor what was asked for. */
function isStuck(error: unknown): error is AppError {
  return error instanceof AppError && error.details.isStuck === true;
}
