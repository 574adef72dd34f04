import type { BackupCheckRepository } from '../db/backup-check-repository.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { BackupCheck, CheckKind } from '../shared/backup-check.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import type { Actor, BackupRecord } from '../shared/operation.js';
import type { Random } from '../shared/random.js';
import type { AuditService } from './audit-service.js';
import type { BackupCheckRunner } from './backup-check-runner.js';
import { INTERRUPTED } from './operation-failure.js';

/** What the service of checks works with. */
export interface BackupCheckServiceDeps {
  checks: BackupCheckRepository;
  backups: Pick<BackupRepository, 'find' | 'isBeingDeleted' | 'list'>;
  checkRunner: BackupCheckRunner;
  checkQueue: JobQueue;
  audit: AuditService;
  clock: Clock;
  random: Random;
}

const ACTIONS = {
  VERIFICATION: 'backup.verify',
  RESTORE_TEST: 'backup.testRestore',
} as const satisfies Record<CheckKind, string>;
/** Who asks for what the server does by itself. */
const SYSTEM: Actor = { subject: 'restore-test', role: 'ADMIN', remoteAddress: null };
/** Backups looked at for the newest one that is not a restore point. */
const NEWEST = 100;

/** Verifications and restore tests of backups: proofs that they can be restored. */
export class BackupCheckService {
  readonly #deps: BackupCheckServiceDeps;

  constructor(deps: BackupCheckServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Queues a check and answers at once. While one of the same kind runs for the backup, that is the answer.
   * @throws NotFoundError, ConflictError when the backup is not COMPLETED or is being deleted, StorageError when the
   *   server is shutting down
   */
  start(actor: Actor, kind: CheckKind, backupId: string): Promise<BackupCheck> {
    return this.#deps.audit.watch(
      actor,
      ACTIONS[kind],
      async () => ({ result: await this.#start(actor, kind, backupId), target: backupId }),
      backupId,
    );
  }

  /** Tests the newest backup that is not a restore point. @returns null when there is none @throws as `start` */
  async testNewest(): Promise<BackupCheck | null> {
    const { items } = await this.#deps.backups.list(
      { page: 1, limit: NEWEST },
      { status: ['COMPLETED'] },
      { field: 'CREATED_AT', direction: 'DESC' },
    );
    const newest = items.find(({ trigger }) => trigger !== 'PRE_RESTORE');
    return newest ? this.start(SYSTEM, 'RESTORE_TEST', newest.id) : null;
  }

  /** The latest check of a backup; null when there was none. */
  latest(backupId: string, kind: CheckKind): Promise<BackupCheck | null> {
    return this.#deps.checks.latest(backupId, kind);
  }

  /**
   * Ends checks that ran when the server went away, and removes what they left. To be called once, when the repository
   * is open.
   * @returns how many there were
   */
  async recover(): Promise<number> {
    const { checks, checkRunner } = this.#deps;
    const running = await checks.listRunning();
    const { code, message } = INTERRUPTED;
    for (const check of running) {
      await checkRunner.clearUp(check);
      await checkRunner.end(check, { status: 'FAILED', error: { code, message } });
    }
    return running.length;
  }

  async #start(actor: Actor, kind: CheckKind, backupId: string): Promise<BackupCheck> {
    const { checks, checkRunner, checkQueue, clock, random } = this.#deps;
    checkQueue.refuseWhenDraining();
    await this.#findCheckable(backupId);
    const running = await checks.findRunning(backupId, kind);
    if (running !== null) return running;
    const check: BackupCheck = {
      id: random.uuid(),
      backupId,
      kind,
      status: 'RUNNING',
      checkedBytes: 0,
      createdBy: actor.subject,
      startedAt: clock.now(),
      completedAt: null,
      error: null,
      evidence: null,
    };
    await checks.insert(check);
    try {
      checkRunner.enqueue(check);
    } catch (error) {
      const { code, message } = INTERRUPTED;
      await checkRunner.end(check, { status: 'FAILED', error: { code, message } });
      throw error;
    }
    return check;
  }

  async #findCheckable(id: string): Promise<BackupRecord> {
    const { backups } = this.#deps;
    const backup = await backups.find(id);
    if (backup === null) throw new NotFoundError(`There is no backup '${id}'`);
    if (backup.status !== 'COMPLETED') {
      throw new ConflictError(
        `Only a COMPLETED backup can be checked, found '${backup.name}' ${backup.status}`,
      );
    }
    if (await backups.isBeingDeleted(id)) throw new ConflictError(`Backup '${backup.name}' is being deleted`);
    return backup;
  }
}
