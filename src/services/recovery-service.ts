import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreChanges, RestoreRepository } from '../db/restore-repository.js';
import type { Engine, RecoveredRestore, SnapshotDescription, UnendedRestore } from '../engine/index.js';
import {
  BACKUP_STATUSES,
  type BackupStatus,
  RESTORE_STATUSES,
  type RestoreRecord,
  type RestoreStatus,
} from '../shared/operation.js';
import type { BackupRunner } from './backup-runner.js';
import { toCompleted } from './backup-runner.js';
import { rebuildBackups } from './metadata-rebuild.js';
import { INTERRUPTED } from './operation-failure.js';
import type { ProgressService } from './progress-service.js';
import { restoreOf, toUnended } from './restore-point.js';
import type { RestoreRunner } from './restore-runner.js';
import type { TillGate } from './till-gate.js';
import type { TillRecovery } from './till-recovery.js';

/** What the recovery works with. */
export interface RecoveryServiceDeps {
  backups: BackupRepository;
  restores: RestoreRepository;
  engine: Pick<Engine, 'listSnapshots' | 'deleteSnapshot' | 'acknowledgeRestore'>;
  backupRunner: BackupRunner;
  restoreRunner: RestoreRunner;
  progress: ProgressService;
  gate: TillGate;
  till: TillRecovery;
  /** Told of what could not be stored. */
  onFailure(error: unknown): void;
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
  /** What keeps interrupted restores from being put right; null when nothing does. */
  waitingFor: string | null;
}

const NOT_COMPLETED: readonly BackupStatus[] = BACKUP_STATUSES.filter((status) => status !== 'COMPLETED');

/** Brings the metadata in line with the repository and with the fact that nothing runs, when the server starts. */
export class RecoveryService {
  readonly #deps: RecoveryServiceDeps;
  readonly #restoreDir: string;
  #retrying: Promise<void> = Promise.resolve();

  /** @param options.restoreDir absolute folder that target paths are below */
  constructor(deps: RecoveryServiceDeps, options: { restoreDir: string }) {
    this.#deps = deps;
    this.#restoreDir = options.restoreDir;
  }

  /**
   * To be called once, after the repository is open and before the server takes work. It can be cut short and
   * called again. When a disk, a lock or a database server keeps an interrupted restore from being put right, the gate
   * is shut, what waited goes on waiting, and attempts go on until `close`.
   * @throws StorageError, IntegrityError when the repository, the journal or the metadata cannot be read
   */
  async recover(): Promise<RecoveryReport> {
    // The till first: nothing else may look at it while it is half one thing and half another.
    const running = (await this.#deps.restores.listUnended()).filter(({ status }) => status !== 'QUEUED');
    const recovered = await this.#deps.till.attempt(this.#toUnended(running));
    const waitingFor = recovered === null ? this.#deps.gate.reason : null;
    const till = await this.#endRestores(recovered ?? []);
    const deleted = await this.#finishDeletions();
    const snapshots = await this.#deps.engine.listSnapshots();
    const found = await this.#adoptSnapshots(snapshots);
    await this.#adoptRestorePoints(snapshots);
    const interrupted = await this.#interruptBackups();
    if (recovered === null) {
      this.#retrying = this.#retry(running);
      return { deleted, ...found, ...till, interrupted, requeued: 0, waitingFor };
    }
    const ended = interrupted + (await this.#interruptRestores(running));
    return { deleted, ...found, ...till, interrupted: ended, requeued: await this.#requeue(), waitingFor };
  }

  /** Makes no further attempt; resolves when the last one has ended. May be called twice. */
  async close(): Promise<void> {
    this.#deps.till.close();
    await this.#retrying;
  }

  /** Never rejects: the gate stays shut for as long as this fails. */
  async #retry(running: readonly RestoreRecord[]): Promise<void> {
    for (;;) {
      const recovered = await this.#deps.till.persist(this.#toUnended(running));
      if (recovered === null) return;
      try {
        await this.#endRestores(recovered);
        await this.#interruptRestores(running);
        await this.#requeue();
        return;
      } catch (error) {
        this.#deps.onFailure(error);
      }
    }
  }

  #toUnended(running: readonly RestoreRecord[]): UnendedRestore[] {
    return running.map((restore) => toUnended(restore, this.#restoreDir));
  }

  /** Ends those whose swap was cut short. The others are ended like every operation that ran. */
  async #endRestores(
    recovered: readonly RecoveredRestore[],
  ): Promise<Pick<RecoveryReport, 'rolledBack' | 'finished'>> {
    const { engine, restoreRunner } = this.#deps;
    const report = { rolledBack: 0, finished: 0 };
    for (const { end, outcome, ...restore } of recovered) {
      const isFinished = end === 'completed';
      const changes: RestoreChanges & { status: RestoreStatus } = isFinished
        ? { status: 'COMPLETED', error: null, ...outcome }
        : { status: 'ROLLED_BACK', error: BROUGHT_BACK, validated: outcome.validated };
      const ended = await restoreRunner.end(restore.restoreId, ['VALIDATING', 'RESTORING'], changes);
      await engine.acknowledgeRestore(restore);
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

  /** Those of `running` that were not put right, since they had not touched anything. */
  async #interruptRestores(running: readonly RestoreRecord[]): Promise<number> {
    let count = 0;
    for (const { id, status } of running) {
      const end = { status: 'FAILED', error: toError() } as const;
      if ((await this.#deps.restoreRunner.end(id, [status], end)) !== null) count += 1;
    }
    return count;
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
