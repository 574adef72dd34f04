import type { BackupChanges, BackupRepository } from '../db/backup-repository.js';
import type { BackupOutcome, Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { invariant, StorageError } from '../shared/errors.js';
import type { BackupRecord, BackupStatus } from '../shared/operation.js';
import type { RaiseAlert } from './alert.js';
import type { AuditService } from './audit-service.js';
import type { ChangeGuard } from './guard/change-guard.js';
import type { OperationHooks } from './hooks/operation-hooks.js';
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
  guard: Pick<ChangeGuard, 'examine'>;
  hooks: Pick<OperationHooks, 'beforeBackup' | 'afterBackup'>;
  raiseAlert: RaiseAlert;
  audit: Pick<AuditService, 'head'>;
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
   * Ends a backup that waits, or that nothing runs any more: then the hook that is due afterwards runs first. Stores
   * its end and announces it.
   * @returns null when it was not in one of the `expected` states, and nothing was changed
   */
  async end(
    id: string,
    expected: readonly BackupStatus[],
    changes: BackupChanges & { status: BackupStatus },
  ): Promise<BackupRecord | null> {
    const backup = await this.#deps.backups.find(id);
    if (backup === null || !expected.includes(backup.status)) return null;
    return this.#store(
      id,
      expected,
      backup.status === 'RUNNING' ? await this.#conclude(backup, changes) : changes,
    );
  }

  /** Runs the hook that runs in any case. @returns `changes` with what it has to say */
  async #conclude<C extends BackupChanges & { status: BackupStatus }>(
    backup: BackupRecord,
    changes: C,
  ): Promise<C> {
    const said = await this.#deps.hooks.afterBackup(backup, changes.status);
    return said.length === 0 ? changes : { ...changes, notices: [...(changes.notices ?? []), ...said] };
  }

  async #store(
    id: string,
    expected: readonly BackupStatus[],
    changes: BackupChanges & { status: BackupStatus },
  ): Promise<BackupRecord | null> {
    const { backups, progress, clock } = this.#deps;
    const { status, error } = changes;
    const message = error?.message ?? null;
    const suspicion = await this.#examine(id, changes);
    const stored = { completedAt: clock.now(), ...changes, suspicion };
    const ended = await progress.end(id, { status, message, figures: toFigures(changes) }, (last) =>
      backups.update(id, expected, stored, { lastEvent: last }),
    );
    if (ended !== null) this.#announce(ended);
    return ended;
  }

  /** Stored with the end, so that no clean-up comes in between. */
  async #examine(id: string, { components }: BackupChanges): Promise<string | null> {
    const { backups, guard } = this.#deps;
    const backup = components === undefined ? null : await backups.find(id);
    if (backup === null || components === undefined) return null;
    try {
      return await guard.examine(backup, { components });
    } catch (error) {
      if (error instanceof StorageError) throw error; // tried again with the end
      // A fault in the comparison must not cost the backup.
      this.#deps.onFailure(error, id);
      return null;
    }
  }

  #announce(backup: BackupRecord): void {
    const { feed, raiseAlert } = this.#deps;
    feed.publishEnd({ kind: 'backup', backup });
    const { id, name, suspicion } = backup;
    if (suspicion === null) return;
    const message = `Backup '${name}' is suspicious: ${suspicion}. The clean-up deletes nothing until somebody has looked at it, and confirmed it (confirmBackup) or deleted it`;
    raiseAlert({ kind: 'backup.suspicious', subject: id, message });
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
      const changes = await this.#conclude(backup, await this.#perform(backup, signal));
      const ended = await persist(() => this.#store(id, ['RUNNING'], changes), safely);
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
      await this.#deps.hooks.beforeBackup(backup, signal);
      const outcome = await this.#deps.engine.backup(
        {
          backupId: backup.id,
          components: backup.requestedComponents,
          encrypt: backup.encrypted,
          compress: backup.compressed,
          compressionLevel: backup.compressionLevel,
          labels: toSnapshotLabels(backup, this.#deps.audit.head),
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
