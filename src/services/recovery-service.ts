import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { Engine, SnapshotDescription } from '../engine/index.js';
import { BACKUP_STATUSES, type BackupStatus } from '../shared/operation.js';
import type { BackupRunner } from './backup-runner.js';
import { toCompleted } from './backup-runner.js';
import { INTERRUPTED } from './operation-failure.js';
import type { ProgressService } from './progress-service.js';
import type { RestoreRunner } from './restore-runner.js';
import { toBackupOfSnapshot } from './snapshot-labels.js';

/** What the recovery works with. */
export interface RecoveryServiceDeps {
  backups: BackupRepository;
  restores: RestoreRepository;
  engine: Pick<Engine, 'listSnapshots' | 'deleteSnapshot'>;
  backupRunner: BackupRunner;
  restoreRunner: RestoreRunner;
  progress: ProgressService;
}

/** What was put right, as numbers of operations. */
export interface RecoveryReport {
  /** Deletions that had been cut short, finished now. */
  deleted: number;
  /** Backups that the repository held and the metadata did not. */
  rebuilt: number;
  /** Backups that were committed before their end could be stored. */
  completed: number;
  /** COMPLETED backups whose snapshot is gone: FAILED now. */
  missing: number;
  /** Backups and restores that ran when the server went away: FAILED now. */
  interrupted: number;
  /** Backups and restores that waited, and wait again. */
  requeued: number;
}

const NOT_COMPLETED: readonly BackupStatus[] = BACKUP_STATUSES.filter((status) => status !== 'COMPLETED');

/** Brings the metadata in line with the repository and with the fact that nothing runs, when the server starts. */
export class RecoveryService {
  readonly #deps: RecoveryServiceDeps;

  constructor(deps: RecoveryServiceDeps) {
    this.#deps = deps;
  }

  /**
   * To be called once, after the repository is open and before the server takes work. It can be cut short and
   * called again.
   * @throws StorageError, IntegrityError when the repository or the metadata cannot be read
   */
  async recover(): Promise<RecoveryReport> {
    const deleted = await this.#finishDeletions();
    const found = await this.#adoptSnapshots(await this.#deps.engine.listSnapshots());
    const interrupted = (await this.#interruptBackups()) + (await this.#interruptRestores());
    return { deleted, ...found, interrupted, requeued: await this.#requeue() };
  }

  async #finishDeletions(): Promise<number> {
    const { backups, engine } = this.#deps;
    const unfinished = await backups.listBeingDeleted();
    for (const { id, snapshotId } of unfinished) {
      if (snapshotId !== null) await engine.deleteSnapshot(snapshotId);
      await backups.delete(id);
    }
    return unfinished.length;
  }

  /** The repository is right: what it holds is COMPLETED, and nothing else is. */
  async #adoptSnapshots(
    snapshots: readonly SnapshotDescription[],
  ): Promise<Pick<RecoveryReport, 'rebuilt' | 'completed' | 'missing'>> {
    const states = new Map((await this.#deps.backups.listStates()).map((state) => [state.id, state]));
    const report = { rebuilt: 0, completed: 0, missing: 0 };
    for (const snapshot of snapshots) {
      const state = states.get(snapshot.backupId);
      states.delete(snapshot.backupId);
      if (state === undefined) {
        await this.#rebuild(snapshot);
        report.rebuilt += 1;
      } else if (state.status !== 'COMPLETED') {
        await this.#complete(snapshot);
        report.completed += 1;
      }
    }
    for (const { id, status } of states.values()) {
      if (status !== 'COMPLETED') continue;
      await this.#fail(id);
      report.missing += 1;
    }
    return report;
  }

  async #rebuild(snapshot: SnapshotDescription): Promise<void> {
    const { backups } = this.#deps;
    const { backup } = await backups.insert({ ...toBackupOfSnapshot(snapshot), status: 'RUNNING' });
    await this.#complete({ ...snapshot, backupId: backup.id });
  }

  async #complete(snapshot: SnapshotDescription): Promise<void> {
    const completedAt = new Date(snapshot.completedAtMs);
    const changes = { ...toCompleted(snapshot), completedAt };
    await this.#deps.backupRunner.end(snapshot.backupId, NOT_COMPLETED, changes);
  }

  async #fail(id: string): Promise<void> {
    const message =
      'The repository no longer holds this backup: check that the server uses the storage it was made in';
    await this.#deps.backups.update(id, ['COMPLETED'], {
      status: 'FAILED',
      error: { code: 'DATA_CORRUPTED', message },
    });
  }

  async #interruptBackups(): Promise<number> {
    const states = await this.#deps.backups.listStates();
    const running = states.filter(({ status }) => status === 'RUNNING');
    for (const { id } of running) {
      await this.#deps.backupRunner.end(id, ['RUNNING'], { status: 'FAILED', error: toError() });
    }
    return running.length;
  }

  async #interruptRestores(): Promise<number> {
    const unended = await this.#deps.restores.listUnended();
    const running = unended.filter(({ status }) => status !== 'QUEUED');
    for (const { id, status } of running) {
      await this.#deps.restoreRunner.end(id, [status], { status: 'FAILED', error: toError() });
    }
    return running.length;
  }

  /** Everything that waits goes back into the queue, in the order in which it was asked for. */
  async #requeue(): Promise<number> {
    const { backups, restores, backupRunner, restoreRunner, progress } = this.#deps;
    const states = (await backups.listStates()).filter(({ status }) => status === 'QUEUED');
    const waiting = [
      ...states.map(({ id, createdAt }) => ({ id, createdAt, enqueue: () => backupRunner.enqueue(id) })),
      ...(await restores.listUnended()).map(({ id, createdAt }) => ({
        id,
        createdAt,
        enqueue: () => restoreRunner.enqueue(id),
      })),
    ].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    for (const { id, enqueue } of waiting) {
      await progress.open(id);
      enqueue();
    }
    return waiting.length;
  }
}

function toError(): { code: string; message: string } {
  const { code, message } = INTERRUPTED;
  return { code, message };
}
