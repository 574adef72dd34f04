import type { BackupFilter, BackupSort, BackupSummary } from '../db/backup-queries.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { AppError, ConflictError, NotFoundError } from '../shared/errors.js';
import { Lane } from '../shared/lane.js';
import {
  type Actor,
  type Agent,
  type BackupRecord,
  type BackupStatus,
  isBackupEnded,
  type OperationError,
} from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { Random } from '../shared/random.js';
import type { AuditService } from './audit-service.js';
import { type BackupOrigin, type CreateBackup, draftBackup } from './backup-draft.js';
import type { BackupRunner } from './backup-runner.js';
import { checkBatch, checkPage, checkSearch } from './input-rules.js';
import type { OpenDownloads } from './open-downloads.js';
import { toCancellation } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import type { ProgressService } from './progress-service.js';
import type { TillGate } from './till-gate.js';

export type { BackupFilter, BackupSort, BackupSummary } from '../db/backup-queries.js';
export type { BackupOrigin, CreateBackup } from './backup-draft.js';

/** What the backup service works with. */
export interface BackupServiceDeps {
  backups: BackupRepository;
  restores: Pick<RestoreRepository, 'isRestoring'>;
  downloads: Pick<OpenDownloads, 'isDownloading'>;
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

/** How one of several came out. */
export interface BatchResult {
  id: string;
  /** Null: it was done. */
  error: OperationError | null;
}

const ENDED: readonly BackupStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** Everything that users do with backups. What changes something is audited, and so is every refusal. */
export class BackupService {
  readonly #deps: BackupServiceDeps;
  /** Deletions take turns, so that a clean-up decides on what is really there. */
  readonly #deletions = new Lane();

  constructor(deps: BackupServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Queues a backup and answers at once.
   * @param origin what made it begin; absent: `actor` asked for it
   * @throws InvalidInputError, StorageError when the server is shutting down or the till is half-restored
   */
  create(actor: Agent, input: CreateBackup, origin?: BackupOrigin): Promise<BackupRecord> {
    return this.#deps.audit.watch(actor, 'backup.create', async () => {
      const backup = await this.#create(actor, input, origin);
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
   * @throws NotFoundError, ConflictError while it runs, is being restored from or downloaded, or is pinned
   */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.#deletions.run(() => this.#deleteAudited(actor, 'backup.delete', id));
  }

  /**
   * Deletes several, each by itself and audited as `delete` does: what one is refused for does not stop the others.
   * @returns how each came out, in the order asked for
   * @throws InvalidInputError unless 1 to 100 are named; what is no refusal but a fault
   */
  async deleteAll(actor: Actor, ids: readonly string[]): Promise<BatchResult[]> {
    checkBatch(ids);
    const results = new Map<string, OperationError | null>();
    for (const id of ids) {
      if (!results.has(id)) results.set(id, await refusalOf(this.delete(actor, id)));
    }
    return ids.map((id) => ({ id, error: results.get(id) ?? null }));
  }

  /**
   * Runs `choose` while nothing else is deleted, then deletes what it has chosen, as `delete` does.
   * @returns how each came out
   */
  expire(agent: Agent, choose: () => Promise<string[]>): Promise<BatchResult[]> {
    return this.#deletions.run(async () => {
      const results: BatchResult[] = [];
      for (const id of await choose()) {
        results.push({ id, error: await refusalOf(this.#deleteAudited(agent, 'backup.expire', id)) });
      }
      return results;
    });
  }

  /** Pins or unpins a backup, in whatever state. @throws NotFoundError, ConflictError while it is being deleted */
  pin(actor: Actor, id: string, pinned: boolean): Promise<BackupRecord> {
    const action = pinned ? 'backup.pin' : 'backup.unpin';
    return this.#deps.audit.watch(
      actor,
      action,
      async () => {
        const backup = await this.#deps.backups.pin(id, pinned);
        if (backup !== null) return { result: backup, target: id };
        throw new ConflictError(`Backup '${(await this.get(id)).name}' is being deleted`);
      },
      id,
    );
  }

  /**
   * Says that a suspicious backup is as it should be: the clean-up deletes again, and the backups that follow are
   * compared with this one. Confirmed before: answers it as it is.
   * @throws NotFoundError, ConflictError when it is not suspicious
   */
  confirm(actor: Actor, id: string): Promise<BackupRecord> {
    return this.#deps.audit.watch(
      actor,
      'backup.confirm',
      async () => {
        const { backups, clock } = this.#deps;
        const backup = (await backups.confirm(id, clock.now())) ?? (await this.get(id));
        if (backup.suspicion !== null) return { result: backup, target: id };
        throw new ConflictError(`Only a suspicious backup can be confirmed, and '${backup.name}' is not`);
      },
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

  async #create(actor: Agent, input: CreateBackup, origin?: BackupOrigin): Promise<BackupRecord> {
    const { backups, queue, gate, progress, feed, runner, clock, random } = this.#deps;
    const draft = draftBackup(actor, input, { clock, random, ...(origin && { origin }) });
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

  async #deleteAudited(agent: Agent, action: string, id: string): Promise<void> {
    await this.#deps.audit.watch(
      agent,
      action,
      async () => ({ result: await this.#delete(id), target: id }),
      id,
    );
  }

  async #delete(id: string): Promise<void> {
    const { backups, restores, downloads, engine, clock } = this.#deps;
    const backup = await this.get(id);
    if (backup.pinned) {
      throw new ConflictError(`Backup '${backup.name}' is pinned: unpin it before it is deleted`);
    }
    // Marked first: whatever happens from here on, the start of the server can finish it.
    if (!isBackupEnded(backup.status)) {
      throw new ConflictError(`Backup '${backup.name}' has not ended: cancel it before it is deleted`);
    }
    if (!(await backups.beginDeletion(id, ENDED, clock.now()))) {
      throw new ConflictError(`Backup '${backup.name}' was pinned or deleted just now: look again`);
    }
    try {
      if (await restores.isRestoring(id)) {
        throw new ConflictError(
          `Backup '${backup.name}' is being restored from, or is the restore point of a restore: wait for the restore, or cancel it`,
        );
      }
      if (downloads.isDownloading(id)) {
        throw new ConflictError(
          `Backup '${backup.name}' is being downloaded: wait until the download has ended`,
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

/** Null when `work` succeeds, or why it was refused. @throws what is a fault, not a refusal */
async function refusalOf(work: Promise<void>): Promise<OperationError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
}

function toEndedError(backup: BackupRecord): ConflictError {
  return new ConflictError(`Only a backup that has not ended can be cancelled, found it ${backup.status}`);
}
