import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreFilter, RestoreSummary } from '../db/restore-queries.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import type { Component } from '../shared/component.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import { type Actor, type BackupRecord, isRestoreEnded, type RestoreRecord } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { Random } from '../shared/random.js';
import type { AuditService } from './audit-service.js';
import { checkComponents, checkIdempotencyKey, checkPage, checkPaths, chooseHeld } from './input-rules.js';
import { toCancellation } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import type { ProgressService } from './progress-service.js';
import type { RestoreRunner } from './restore-runner.js';
import { checkTargetPath, resolveTargetFolder } from './target-path.js';
import type { TillGate } from './till-gate.js';

export type { RestoreFilter, RestoreSummary } from '../db/restore-queries.js';

/** What a user asks for who wants something restored; absent and null mean the default. */
export interface CreateRestore {
  backupId: string;
  /** Default: every component of the backup. */
  components?: Component[] | null;
  /** Only these files and folders, as the backup names them. Default: everything. */
  paths?: string[] | null;
  /** false: existing files stay, and a database that holds tables is a conflict. */
  overwrite: boolean;
  /** true: read and check everything, write nothing. */
  validateOnly: boolean;
  /** false: overwrites live data without backing it up first. Default: true. */
  restorePoint?: boolean;
  /** Folder below the restore folder, empty or absent. Default: the live place. */
  targetPath?: string | null;
  /** A second request with the same key gets the first one's restore. 1 to 255 characters. */
  idempotencyKey?: string | null;
}

/** What the restore service works with. */
export interface RestoreServiceDeps {
  restores: RestoreRepository;
  backups: Pick<BackupRepository, 'find' | 'isBeingDeleted'>;
  runner: RestoreRunner;
  queue: JobQueue;
  gate: TillGate;
  progress: ProgressService;
  feed: OperationFeed;
  audit: AuditService;
  clock: Clock;
  random: Random;
}

/** Everything that users do with restores. What changes something is audited, and so is every refusal. */
export class RestoreService {
  readonly #deps: RestoreServiceDeps;
  readonly #restoreDir: string;

  /** @param options.restoreDir absolute folder that target paths are below */
  constructor(deps: RestoreServiceDeps, options: { restoreDir: string }) {
    this.#deps = deps;
    this.#restoreDir = options.restoreDir;
  }

  /**
   * Queues a restore and answers at once.
   * @throws InvalidInputError, NotFoundError for an unknown backup, ConflictError when the backup is not COMPLETED
   *   or the target folder is in use, StorageError when the server is shutting down or the till is half-restored
   */
  create(actor: Actor, input: CreateRestore): Promise<RestoreRecord> {
    return this.#deps.audit.watch(actor, 'restore.create', async () => {
      const restore = await this.#create(actor, input);
      return { result: restore, target: restore.id };
    });
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<RestoreRecord> {
    const restore = await this.#deps.restores.find(id);
    if (restore === null) throw new NotFoundError(`There is no restore '${id}'`);
    return restore;
  }

  /** One page, newest first, with figures over everything that matches. @throws InvalidInputError for a page that cannot be */
  async list(
    page: PageRequest,
    filter: RestoreFilter | null,
  ): Promise<PageOf<RestoreRecord> & { summary: RestoreSummary }> {
    return this.#deps.restores.list(checkPage(page), filter);
  }

  /**
   * Cancels a restore: at once while it waits; while it runs, when it has stopped and live data is as it was. One
   * whose live data has all been replaced cannot be stopped any more, and completes.
   * @returns the restore, CANCELLED or ROLLED_BACK
   * @throws NotFoundError, ConflictError when it has ended
   */
  cancel(actor: Actor, id: string): Promise<RestoreRecord> {
    return this.#deps.audit.watch(
      actor,
      'restore.cancel',
      async () => ({ result: await this.#cancel(actor, id), target: id }),
      id,
    );
  }

  async #create(actor: Actor, input: CreateRestore): Promise<RestoreRecord> {
    const { restores, progress, feed, queue, gate, runner } = this.#deps;
    const asked = input.components ? checkComponents(input.components) : null;
    const paths = input.paths == null ? null : checkPaths(input.paths);
    const targetPath = input.targetPath == null ? null : checkTargetPath(input.targetPath);
    const idempotencyKey = input.idempotencyKey == null ? null : checkIdempotencyKey(input.idempotencyKey);
    queue.refuseWhenDraining();
    if (!input.validateOnly) gate.refuseWhenShut();
    const earlier = idempotencyKey === null ? null : await restores.findByIdempotencyKey(idempotencyKey);
    if (earlier !== null) return earlier;

    const backup = await this.#findRestorable(input.backupId);
    const components = chooseHeld(backup, asked, paths !== null);
    if (targetPath !== null) await resolveTargetFolder(this.#restoreDir, targetPath);
    const { overwrite, validateOnly, restorePoint = true } = input;
    const { restore, isNew } = await restores.insert({
      ...this.#draft(actor, backup),
      components,
      paths,
      overwrite,
      validateOnly,
      takesRestorePoint: restorePoint,
      targetPath,
      idempotencyKey,
    });
    if (!isNew) return restore;
    try {
      await this.#refuseWhenBeingDeleted(backup);
      await progress.open(restore.id);
      feed.publish({ kind: 'restore', restore });
      runner.enqueue(restore.id);
    } catch (error) {
      progress.forget(restore.id);
      await restores.delete(restore.id);
      throw error;
    }
    return restore;
  }

  async #findRestorable(backupId: string): Promise<BackupRecord> {
    const backup = await this.#deps.backups.find(backupId);
    if (backup === null) throw new NotFoundError(`There is no backup '${backupId}'`);
    if (backup.status !== 'COMPLETED') {
      throw new ConflictError(
        `Only a COMPLETED backup can be restored, found '${backup.name}' ${backup.status}`,
      );
    }
    await this.#refuseWhenBeingDeleted(backup);
    return backup;
  }

  /** Asked again once the restore is stored: a deletion that began meanwhile sees the restore, or this sees it. */
  async #refuseWhenBeingDeleted(backup: BackupRecord): Promise<void> {
    if (!(await this.#deps.backups.isBeingDeleted(backup.id))) return;
    throw new ConflictError(`Backup '${backup.name}' is being deleted`);
  }

  #draft(
    actor: Actor,
    backup: BackupRecord,
  ): Omit<
    RestoreRecord,
    | 'components'
    | 'paths'
    | 'overwrite'
    | 'validateOnly'
    | 'takesRestorePoint'
    | 'targetPath'
    | 'idempotencyKey'
  > {
    return {
      id: this.#deps.random.uuid(),
      backupId: backup.id,
      backupName: backup.name,
      status: 'QUEUED',
      validated: false,
      restorePointId: null,
      restoredFiles: 0,
      skippedFiles: 0,
      restoredBytes: 0,
      notices: [],
      createdAt: this.#deps.clock.now(),
      startedAt: null,
      completedAt: null,
      createdBy: actor.subject,
      error: null,
    };
  }

  async #cancel(actor: Actor, id: string): Promise<RestoreRecord> {
    const { queue, runner } = this.#deps;
    const restore = await this.get(id);
    if (isRestoreEnded(restore.status)) throw toEndedError(restore);
    const reason = toCancellation(actor.subject);
    if (restore.status === 'QUEUED') {
      const { code, message } = reason;
      const cancelled = await runner.end(id, ['QUEUED'], { status: 'CANCELLED', error: { code, message } });
      await queue.cancel(id, reason);
      if (cancelled !== null) return cancelled;
    } else {
      await queue.cancel(id, reason);
    }
    const ended = await this.get(id);
    if (ended.status === 'CANCELLED' || ended.status === 'ROLLED_BACK') return ended;
    throw toEndedError(ended);
  }
}

function toEndedError(restore: RestoreRecord): ConflictError {
  return new ConflictError(`Only a restore that has not ended can be cancelled, found it ${restore.status}`);
}
