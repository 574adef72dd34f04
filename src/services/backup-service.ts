import type { BackupFilter, BackupSort, BackupSummary } from '../db/backup-queries.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import { type Actor, type BackupRecord, type BackupStatus, isBackupEnded } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { Random } from '../shared/random.js';
import type { AuditService } from './audit-service.js';
import { type CreateBackup, draftBackup } from './backup-draft.js';
import type { BackupRunner } from './backup-runner.js';
import { checkPage, checkSearch } from './input-rules.js';
import { toCancellation } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import type { ProgressService } from './progress-service.js';
import type { TillGate } from './till-gate.js';

export type { BackupFilter, BackupSort, BackupSummary } from '../db/backup-queries.js';
export type { CreateBackup } from './backup-draft.js';

/** What the backup service works with. */
export interface BackupServiceDeps {
  backups: BackupRepository;
  restores: Pick<RestoreRepository, 'isRestoring'>;
  engine: Pick<Engine, 'deleteSnapshot'>;
  runner: BackupRunner;
  queue: JobQueue;
  gate: TillGate;
  progress: ProgressService;
  feed: OperationFeed;
  audit: AuditService;
  clock: Clock;
  random: Random;
}

const ENDED: readonly BackupStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** Everything that users do with backups. What changes something is audited, and so is every refusal. */
export class BackupService {
  readonly #deps: BackupServiceDeps;

  constructor(deps: BackupServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Queues a backup and answers at once.
   * @throws InvalidInputError, StorageError when the server is shutting down or the till is half-restored
   */
  create(actor: Actor, input: CreateBackup): Promise<BackupRecord> {
    return this.#deps.audit.watch(actor, 'backup.create', async () => {
      const backup = await this.#create(actor, input);
      return { result: backup, target: backup.id };
    });
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<BackupRecord> {
    const backup = await this.find(id);
    if (backup === null) throw new NotFoundError(`There is no backup '${id}'`);
    return backup;
  }

  /** The backups with these ids, in their order; null for those that are not there (any more). */
  async findAll(ids: readonly string[]): Promise<(BackupRecord | null)[]> {
    const found = new Map((await this.#deps.backups.findAll(ids)).map((backup) => [backup.id, backup]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /** The backup, or null when there is none (any more). */
  async find(id: string): Promise<BackupRecord | null> {
    return this.#deps.backups.find(id);
  }

  /** One page, with figures over everything that matches. @throws InvalidInputError for a page that cannot be */
  async list(
    page: PageRequest,
    filter: BackupFilter | null,
    sort: BackupSort,
  ): Promise<PageOf<BackupRecord> & { summary: BackupSummary }> {
    const checked = filter?.search ? { ...filter, search: checkSearch(filter.search) } : filter;
    return this.#deps.backups.list(checkPage(page), checked, sort);
  }

  /**
   * Deletes a backup: its snapshot, then its row. Its space is reclaimed by a later clean-up; restores made from it
   * keep its name.
   * @throws NotFoundError, ConflictError while it runs, is being restored from, or is pinned
   */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.#deps.audit.watch(
      actor,
      'backup.delete',
      async () => ({ result: await this.#delete(id), target: id }),
      id,
    );
  }

  /**
   * Cancels a backup: at once while it waits; while it runs, when it has stopped.
   * @returns the CANCELLED backup
   * @throws NotFoundError, ConflictError when it has ended
   */
  cancel(actor: Actor, id: string): Promise<BackupRecord> {
    return this.#deps.audit.watch(
      actor,
      'backup.cancel',
      async () => ({ result: await this.#cancel(actor, id), target: id }),
      id,
    );
  }

  async #create(actor: Actor, input: CreateBackup): Promise<BackupRecord> {
    const { backups, queue, gate, progress, feed, runner, clock, random } = this.#deps;
    const draft = draftBackup(actor, input, { clock, random });
    queue.refuseWhenDraining();
    gate.refuseWhenShut();
    const { backup, isNew } = await backups.insert(draft);
    if (!isNew) return backup;
    try {
      await progress.open(backup.id);
      feed.publish({ kind: 'backup', backup });
      runner.enqueue(backup.id);
    } catch (error) {
      progress.forget(backup.id);
      await backups.delete(backup.id);
      throw error;
    }
    return backup;
  }

  async #delete(id: string): Promise<void> {
    const { backups, restores, engine, clock } = this.#deps;
    const backup = await this.get(id);
    if (backup.pinned) {
      throw new ConflictError(`Backup '${backup.name}' is pinned: unpin it before it is deleted`);
    }
    // Marked first: whatever happens from here on, the start of the server can finish it.
    if (!isBackupEnded(backup.status) || !(await backups.beginDeletion(id, ENDED, clock.now()))) {
      throw new ConflictError(`Backup '${backup.name}' has not ended: cancel it before it is deleted`);
    }
    try {
      if (await restores.isRestoring(id)) {
        throw new ConflictError(
          `Backup '${backup.name}' is being restored from, or is the restore point of a restore: wait for the restore, or cancel it`,
        );
      }
      if (backup.snapshotId !== null) await engine.deleteSnapshot(backup.snapshotId);
    } catch (error) {
      await backups.abandonDeletion(id);
      throw error;
    }
    await backups.delete(id);
  }

  async #cancel(actor: Actor, id: string): Promise<BackupRecord> {
    const { queue, runner } = this.#deps;
    const backup = await this.get(id);
    if (isBackupEnded(backup.status)) throw toEndedError(backup);
    const reason = toCancellation(actor.subject);
    if (backup.status === 'QUEUED') {
      const { code, message } = reason;
      const cancelled = await runner.end(id, ['QUEUED'], { status: 'CANCELLED', error: { code, message } });
      await queue.cancel(id, reason);
      if (cancelled !== null) return cancelled;
    } else {
      await queue.cancel(id, reason);
    }
    const ended = await this.get(id);
    if (ended.status === 'CANCELLED') return ended;
    throw toEndedError(ended);
  }
}

function toEndedError(backup: BackupRecord): ConflictError {
  return new ConflictError(`Only a backup that has not ended can be cancelled, found it ${backup.status}`);
}
