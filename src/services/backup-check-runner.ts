import type { BackupCheckChanges, BackupCheckRepository } from '../db/backup-check-repository.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { Engine, VerifyOutcome } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { BackupCheck, CheckKind } from '../shared/backup-check.js';
import type { Clock } from '../shared/clock.js';
import { IntegrityError, NotFoundError } from '../shared/errors.js';
import type { BackupRecord } from '../shared/operation.js';
import type { AlertKind, RaiseAlert } from './alert.js';
import { INTERRUPTED, toOperationFailure } from './operation-failure.js';
import type { OperationFeed } from './operation-feed.js';
import { persist } from './persist.js';

/** What the runner of checks works with. */
export interface BackupCheckRunnerDeps {
  checks: BackupCheckRepository;
  backups: Pick<BackupRepository, 'find'>;
  engine: Pick<Engine, 'verify' | 'testRestore' | 'acknowledgeRestore'>;
  /** A queue of its own: checks only read, so they do not wait for backups and restores, but for each other. */
  checkQueue: JobQueue;
  feed: OperationFeed;
  clock: Clock;
  raiseAlert: RaiseAlert;
  /** The version of Tillvault, for the evidence. */
  version: string;
  /** Told of an error that is a bug, with the id of the check that it ended. */
  onFailure(error: unknown, id: string): void;
}

const ALERTS: Record<CheckKind, AlertKind> = {
  VERIFICATION: 'verification.failed',
  RESTORE_TEST: 'restoreTest.failed',
};
/** Between two times that the bytes checked so far are stored. */
const STORE_EVERY_MS = 2_000;

/** Takes a stored check from RUNNING to its end. A check that fails is told to the administrator. */
export class BackupCheckRunner {
  readonly #deps: BackupCheckRunnerDeps;

  constructor(deps: BackupCheckRunnerDeps) {
    this.#deps = deps;
  }

  /** Puts a RUNNING check into the queue. @throws StorageError when the server is shutting down */
  enqueue(check: BackupCheck): void {
    this.#deps.checkQueue.enqueue({ id: check.id, run: (signal) => this.#run(check, signal) });
  }

  /** Stores the end of a check and tells of it. @returns null when it had ended, or its backup was deleted meanwhile */
  async end(
    check: BackupCheck,
    changes: BackupCheckChanges & { status: 'PASSED' | 'FAILED' },
  ): Promise<BackupCheck | null> {
    const { checks, backups, feed, clock } = this.#deps;
    const ended = await checks.update(check.id, { completedAt: clock.now(), ...changes });
    const backup = ended && (await backups.find(check.backupId));
    if (backup === null) return null;
    feed.publish({ kind: 'backup', backup });
    this.#tell(backup, check.kind, changes);
    return ended;
  }

  /** Lets go of what a restore test may have left on a database server. What fails here is tried by the next start. */
  async clearUp({ id, kind, backupId }: BackupCheck): Promise<void> {
    if (kind !== 'RESTORE_TEST') return;
    try {
      const backup = await this.#deps.backups.find(backupId);
      const components = backup?.components.map(({ component }) => component) ?? [];
      if (!components.includes('DATABASE')) return;
      const left = { restoreId: id, components: ['DATABASE' as const], paths: null, targetFolder: null };
      await this.#deps.engine.acknowledgeRestore(left);
    } catch (error) {
      this.#deps.onFailure(error, id);
    }
  }

  async #run(check: BackupCheck, signal: AbortSignal): Promise<void> {
    const safely = { signal, onFailure: (error: unknown) => this.#deps.onFailure(error, check.id) };
    const changes = await this.#perform(check, signal);
    await persist(() => this.end(check, changes), safely);
  }

  async #perform(
    check: BackupCheck,
    signal: AbortSignal,
  ): Promise<BackupCheckChanges & { status: 'PASSED' | 'FAILED' }> {
    const counter = this.#countInto(check);
    try {
      const backup = await this.#deps.backups.find(check.backupId);
      if (!backup?.snapshotId) throw new NotFoundError('The backup was deleted before it was checked');
      const evidence = await this.#check(check, backup.snapshotId, { signal, onProgress: counter.count });
      return { status: 'PASSED', error: null, checkedBytes: counter.bytes(), evidence };
    } catch (error) {
      const { error: ending, isUnexpected } = toOperationFailure(error, signal);
      if (isUnexpected) this.#deps.onFailure(error, check.id);
      await this.clearUp(check);
      return { status: 'FAILED', error: ending, checkedBytes: counter.bytes() };
    } finally {
      await counter.settle();
    }
  }

  async #check(
    { id, kind }: BackupCheck,
    snapshotId: string,
    options: { signal: AbortSignal; onProgress: (update: { processedBytes: number }) => void },
  ): Promise<BackupCheck['evidence']> {
    const { engine, version } = this.#deps;
    if (kind === 'RESTORE_TEST') {
      return { version, ...(await engine.testRestore({ testId: id, snapshotId }, options)) };
    }
    const outcome = await engine.verify({ snapshotId }, options);
    options.onProgress({ processedBytes: outcome.checkedBytes });
    if (outcome.damagedFiles > 0) throw toDamageError(outcome);
    return null;
  }

  /** Stores the bytes every few seconds, one write at a time; what cannot be stored on the way is stored at the end. */
  #countInto({ id }: BackupCheck) {
    const { checks, clock } = this.#deps;
    let bytes = 0;
    let storedMs = clock.monotonicMs();
    let storing: Promise<unknown> | null = null;
    const count = ({ processedBytes }: { processedBytes: number }) => {
      bytes = Math.max(bytes, processedBytes);
      if (storing !== null || clock.monotonicMs() - storedMs < STORE_EVERY_MS) return;
      storedMs = clock.monotonicMs();
      const stored = Promise.allSettled([checks.update(id, { checkedBytes: bytes })]);
      storing = stored.then(() => {
        storing = null;
      });
    };
    return { count, bytes: () => bytes, settle: async () => storing };
  }

  /** A server that stops is no fault of the backup. */
  #tell(backup: BackupRecord, kind: CheckKind, { status, error }: BackupCheckChanges): void {
    if (status !== 'FAILED' || error?.code === INTERRUPTED.code) return;
    const what = kind === 'VERIFICATION' ? 'did not pass its verification' : 'did not pass its restore test';
    this.#deps.raiseAlert({
      kind: ALERTS[kind],
      subject: backup.id,
      message: `Backup '${backup.name}' ${what}: ${error?.message ?? 'the reason is not known'}`,
    });
  }
}

/** The first damaged file, and how many there are. */
function toDamageError({ damagedFiles, damaged }: VerifyOutcome): IntegrityError {
  const [first] = damaged;
  const name = first?.path == null ? `the list of ${first?.component} files` : `file "${first.path}"`;
  const others = damagedFiles > 1 ? ` and ${damagedFiles - 1} more` : '';
  return new IntegrityError(
    `Damaged: ${name}${others} (${first?.reason}); take a new backup, which stores what is still in the till again, and check the storage`,
  );
}
