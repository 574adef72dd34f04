import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreChanges, RestoreRepository } from '../db/restore-repository.js';
import type { Engine, SnapshotDescription } from '../engine/index.js';
import {
  BACKUP_STATUSES,
  type BackupStatus,
  RESTORE_STATUSES,
  type RestoreStatus,
} from '../shared/operation.js';
import type { BackupRunner } from './backup-runner.js';
import { toCompleted } from './backup-runner.js';
import { rebuildBackups } from './metadata-rebuild.js';
import { INTERRUPTED } from './operation-failure.js';
import type { ProgressService } from './progress-service.js';
import { restoreOf, toUnended } from './restore-point.js';
import type { RestoreRunner } from './restore-runner.js';

/** What the recovery works with. */
export interface RecoveryServiceDeps {
  backups: BackupRepository;
  restores: RestoreRepository;
  engine: Pick<Engine, 'listSnapshots' | 'deleteSnapshot' | 'recoverRestores' | 'acknowledgeRestore'>;
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
  /** Restores that had begun to replace live data, which was brought back: ROLLED_BACK now. */
  rolledBack: number;
  /** Restores whose live data had all been replaced: COMPLETED now. */
  finished: number;
  /** Backups and restores that waited, and wait again. */
  requeued: number;
}

const NOT_COMPLETED: readonly BackupStatus[] = BACKUP_STATUSES.filter((status) => status !== 'COMPLETED');

/** Brings the metadata in line with the repository and with the fact that nothing runs, when the server starts. */
export class RecoveryService {
  readonly #deps: RecoveryServiceDeps;
  readonly #restoreDir: string;

  /** @param options.restoreDir absolute folder that target paths are below */
  constructor(deps: RecoveryServiceDeps, options: { restoreDir: string }) {
    this.#deps = deps;
    this.#restoreDir = options.restoreDir;
  }

  /**
   * To be called once, after the repository is open and before the server takes work. It can be cut short and
   * called again.
   * @throws StorageError, IntegrityError when the repository or the metadata cannot be read
   */
  async recover(): Promise<RecoveryReport> {
    // The till first: nothing else may look at it while it is half one thing and half another.
    const restores = await this.#recoverRestores();
    const deleted = await this.#finishDeletions();
    const snapshots = await this.#deps.engine.listSnapshots();
    const found = await this.#adoptSnapshots(snapshots);
    await this.#adoptRestorePoints(snapshots);
    const interrupted = (await this.#interruptBackups()) + (await this.#interruptRestores());
    return { deleted, ...found, ...restores, interrupted, requeued: await this.#requeue() };
  }

  /** Ends those whose swap was cut short. The others are ended like every operation that ran. */
  async #recoverRestores(): Promise<Pick<RecoveryReport, 'rolledBack' | 'finished'>> {
    const { engine, restores, restoreRunner } = this.#deps;
    const unended = (await restores.listUnended()).filter(({ status }) => status !== 'QUEUED');
    const recovered = await engine.recoverRestores(
      unended.map((restore) => toUnended(restore, this.#restoreDir)),
    );
    const report = { rolledBack: 0, finished: 0 };
    for (const { restoreId, components, targetFolder, end, outcome } of recovered) {
      const isFinished = end === 'completed';
      const changes: RestoreChanges & { status: RestoreStatus } = isFinished
        ? { status: 'COMPLETED', error: null, ...outcome }
        : { status: 'ROLLED_BACK', error: BROUGHT_BACK, validated: outcome.validated };
      const ended = await restoreRunner.end(restoreId, ['VALIDATING', 'RESTORING'], changes);
      await engine.acknowledgeRestore({ restoreId, components, targetFolder });
      if (ended !== null) report[isFinished ? 'finished' : 'rolledBack'] += 1;
    }
    return report;
  }

  /** A restore point may have been committed without its restore having been told. */
  async #adoptRestorePoints(snapshots: readonly SnapshotDescription[]): Promise<void> {
    const { restores } = this.#deps;
    for (const snapshot of snapshots) {
      const id = restoreOf(snapshot);
      const restore = id === null ? null : await restores.find(id);
      if (restore === null || restore.restorePointId !== null) continue;
      await restores.update(restore.id, RESTORE_STATUSES, { restorePointId: snapshot.backupId });
    }
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
    const unknown: SnapshotDescription[] = [];
    for (const snapshot of snapshots) {
      const state = states.get(snapshot.backupId);
      states.delete(snapshot.backupId);
      if (state === undefined) unknown.push(snapshot);
      else if (state.status !== 'COMPLETED') {
        await this.#complete(snapshot);
        report.completed += 1;
      }
    }
    report.rebuilt = await rebuildBackups(this.#deps.backups, unknown);
    for (const { id, status } of states.values()) {
      if (status !== 'COMPLETED') continue;
      await this.#fail(id);
      report.missing += 1;
    }
    return report;
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

/** What a restore ends with that was undone at the start. */
const BROUGHT_BACK = {
  code: INTERRUPTED.code,
  message:
    'The server stopped while live data was replaced; it was brought back to what it was: start the restore again',
};

function toError(): { code: string; message: string } {
  const { code, message } = INTERRUPTED;
  return { code, message };
}
