import type { BackupChanges, BackupRepository } from '../db/backup-repository.js';
import type { BackupOutcome, Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { invariant } from '../shared/errors.js';
import type { BackupRecord, BackupStatus } from '../shared/operation.js';
import { toOperationFailure } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import { persist } from './persist.js';
import type { ProgressFigures } from './progress-counters.js';
import type { ProgressService } from './progress-service.js';
import { toSnapshotLabels } from './snapshot-labels.js';

/** What the backup runner works with. */
export interface BackupRunnerDeps {
  backups: BackupRepository;
  engine: Pick<Engine, 'backup'>;
  queue: JobQueue;
  progress: ProgressService;
  feed: OperationFeed;
  clock: Clock;
  /** Told of an error that is a bug, with the id of the backup that it ended. */
  onFailure(error: unknown, id: string): void;
}

/** Takes a stored backup from QUEUED to its end. Whoever sees its end announced finds it stored. */
export class BackupRunner {
  readonly #deps: BackupRunnerDeps;

  constructor(deps: BackupRunnerDeps) {
    this.#deps = deps;
  }

  /** Puts a QUEUED backup into the queue. @throws StorageError when the server is shutting down */
  enqueue(id: string): void {
    this.#deps.queue.enqueue({ id, run: (signal) => this.#run(id, signal) });
  }

  /**
   * Stores a backup's end and announces it.
   * @returns null when it was not in one of the `expected` states, and nothing was changed
   */
  async end(
    id: string,
    expected: readonly BackupStatus[],
    changes: BackupChanges & { status: BackupStatus },
  ): Promise<BackupRecord | null> {
    const { backups, progress, feed, clock } = this.#deps;
    const { status, error } = changes;
    const message = error?.message ?? null;
    const ended = await progress.end(id, { status, message, figures: toFigures(changes) }, (last) =>
      backups.update(id, expected, { completedAt: clock.now(), ...changes }, { lastEvent: last }),
    );
    if (ended !== null) feed.publish({ kind: 'backup', backup: ended });
    return ended;
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { backups, feed, progress, clock } = this.#deps;
    const startedAt = clock.now();
    const safely = { signal, onFailure: (error: unknown) => this.#deps.onFailure(error, id) };
    const begin = () => backups.update(id, ['QUEUED'], { status: 'RUNNING', startedAt });
    const backup = await persist(begin, safely);
    // Cancelled or deleted while it waited.
    if (backup === null) return;
    feed.publish({ kind: 'backup', backup });
    try {
      const changes = await this.#perform(backup, signal);
      const ended = await persist(() => this.end(id, ['RUNNING'], changes), safely);
      invariant(ended !== null, `backup ${id} was RUNNING until its runner ended it`);
    } finally {
      progress.forget(id);
    }
  }

  /** Runs the engine and says how the backup ended. */
  async #perform(
    backup: BackupRecord,
    signal: AbortSignal,
  ): Promise<BackupChanges & { status: BackupStatus }> {
    const onFailure = (error: unknown) => this.#deps.onFailure(error, backup.id);
    const tracker = await persist(() => this.#deps.progress.open(backup.id), { signal, onFailure });
    tracker.begin('RUNNING', 'SCANNING');
    try {
      const outcome = await this.#deps.engine.backup(
        {
          backupId: backup.id,
          components: backup.requestedComponents,
          encrypt: backup.encrypted,
          compress: backup.compressed,
          compressionLevel: backup.compressionLevel,
          labels: toSnapshotLabels(backup),
        },
        { signal, onProgress: (update) => tracker.update(update) },
      );
      return toCompleted(outcome);
    } catch (error) {
      const { status, error: ending, isUnexpected } = toOperationFailure(error, signal);
      if (isUnexpected) this.#deps.onFailure(error, backup.id);
      return { status: status === 'CANCELLED' ? 'CANCELLED' : 'FAILED', error: ending };
    } finally {
      tracker.stop();
    }
  }
}

/** What a committed snapshot makes of its backup. */
export function toCompleted(outcome: BackupOutcome): BackupChanges & { status: 'COMPLETED' } {
  const { snapshotId, components, sizeBytes, storedBytes, fileCount, checksum, notices } = outcome;
  const content = { snapshotId, components, sizeBytes, storedBytes, fileCount, checksum, notices };
  return { status: 'COMPLETED', error: null, ...content };
}

/** The figures of a backup's last progress event, where it completed. */
function toFigures(changes: BackupChanges): Partial<ProgressFigures> {
  const { sizeBytes, storedBytes, fileCount } = changes;
  return {
    ...(sizeBytes === undefined ? {} : { processedBytes: sizeBytes }),
    ...(storedBytes === undefined ? {} : { storedBytes }),
    ...(fileCount === undefined ? {} : { processedFiles: fileCount }),
  };
}
