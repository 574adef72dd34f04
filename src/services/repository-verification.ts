/**
 * The rolling verification: every day the part of the repository that has waited longest is read, so that all of it
 * is within a number of days. Low in priority: the engine rests as long as it reads, and a verification or a restore
 * test that somebody asks for gets its turn between two batches.
 */
import type { BackupCheckRepository } from '../db/backup-check-repository.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { Coverage, StoredObjectRepository } from '../db/stored-object-repository.js';
import type { DamagedBackup, DamagedFile, Engine, ObjectCheck } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { Clock } from '../shared/clock.js';
import { CancelledError, throwIfCancelled } from '../shared/errors.js';
import type { BackupRecord } from '../shared/operation.js';
import type { Random } from '../shared/random.js';
import type { RaiseAlert } from './alert.js';
import type { OperationFeed } from './operation-feed.js';

/** What the rolling verification works with. */
export interface RepositoryVerificationDeps {
  engine: Pick<Engine, 'listObjects' | 'checkObjects' | 'findDamagedBackups'>;
  storedObjects: StoredObjectRepository;
  checks: BackupCheckRepository;
  backups: Pick<BackupRepository, 'find' | 'findBySnapshot'>;
  /** The queue of checks. */
  checkQueue: JobQueue;
  feed: OperationFeed;
  raiseAlert: RaiseAlert;
  clock: Clock;
  random: Random;
}

/** How far the verification has come. */
export interface RepositoryCoverage extends Coverage {
  /** Within how many days everything is to be read; 0: never. */
  days: number;
  /** Share of the bytes that were read within that time, 0 to 100. */
  coveredPercent: number;
  isRunning: boolean;
}

const SNAPSHOTS = 'snapshots/';
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Objects that are read in one turn of the queue: about 256 MiB. */
const BATCH_LENGTH = 16;
/** Who says that a backup is damaged that nobody asked to be verified. */
const SUBJECT = 'repository-verification';

/** Reads the repository, a part each day, and tells whom damage hits. */
export class RepositoryVerification {
  readonly #deps: RepositoryVerificationDeps;
  readonly #days: number;
  #isRunning = false;

  /** @param options.days within how many days everything is read; 0: never */
  constructor(deps: RepositoryVerificationDeps, options: { days: number }) {
    this.#deps = deps;
    this.#days = options.days;
  }

  /**
   * One day's part: what has waited longest, at least its share of all bytes, and everything that would otherwise wait
   * for longer than it may. What was read is remembered, also when this is cut short.
   * @throws CancelledError, StorageError
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#days === 0 || this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.#run(signal);
    } finally {
      this.#isRunning = false;
    }
  }

  /** How far it has come. @throws StorageError */
  async coverage(): Promise<RepositoryCoverage> {
    const { storedObjects, clock } = this.#deps;
    const since = new Date(clock.now().getTime() - Math.max(1, this.#days) * DAY_MS);
    const found = await storedObjects.coverage(since);
    const coveredPercent = found.totalBytes === 0 ? 100 : (found.checkedBytes / found.totalBytes) * 100;
    return { ...found, days: this.#days, coveredPercent, isRunning: this.#isRunning };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { engine, storedObjects, clock } = this.#deps;
    const startedAt = clock.now();
    const { objects, missingPacks } = await engine.listObjects({ signal });
    await storedObjects.replace(objects, startedAt);
    if (missingPacks > 0) await this.#tellDamage(signal);
    const totalBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let leftBytes = Math.ceil(totalBytes / this.#days);
    // What would not have its turn again before the time is over.
    const overdueAt = new Date(startedAt.getTime() - (this.#days - 1) * DAY_MS);
    for (let unread = objects.length; unread > 0; ) {
      throwIfCancelled(signal);
      const batch: string[] = [];
      for (const { key, sizeBytes, waitingSince } of await storedObjects.listOldest(BATCH_LENGTH)) {
        if (unread === 0 || (leftBytes <= 0 && waitingSince > overdueAt)) break;
        batch.push(key);
        leftBytes -= sizeBytes;
        unread -= 1;
      }
      if (batch.length === 0) return;
      await this.#inTurn(signal, (both) => this.#checkBatch(batch, both));
    }
  }

  async #checkBatch(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { engine, storedObjects, clock } = this.#deps;
    const checks = await engine.checkObjects({ keys }, { signal });
    await storedObjects.record(checks, clock.now());
    if (checks.some(({ damage }) => damage !== null)) await this.#tellDamage(signal, checks);
  }

  /** Waits for a turn in the queue of checks, so that none of them waits for more than a batch. */
  async #inTurn(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const done = Promise.withResolvers<void>();
    const stop = () => done.reject(new CancelledError());
    signal.addEventListener('abort', stop, { once: true });
    try {
      this.#deps.checkQueue.enqueue({
        id: this.#deps.random.uuid(),
        run: async (ending) => {
          try {
            await work(AbortSignal.any([signal, ending]));
            done.resolve();
          } catch (error) {
            done.reject(error);
          }
        },
      });
      await done.promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Every backup that damage hits is told as one that failed its verification; the administrator hears of it once. */
  async #tellDamage(signal: AbortSignal, checks: readonly ObjectCheck[] = []): Promise<void> {
    const { engine, raiseAlert } = this.#deps;
    const { backups, unreadableSnapshots } = await engine.findDamagedBackups({ signal });
    const hit: BackupRecord[] = [];
    for (const damaged of backups) hit.push(...(await this.#fail(damaged)));
    for (const snapshotId of [...unreadableSnapshots, ...checks.flatMap(toSnapshotId)]) {
      hit.push(...(await this.#failUnreadable(snapshotId)));
    }
    const newest = hit.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
    if (newest === undefined) return; // nothing needs what is damaged
    const others = hit.length > 1 ? ` and ${hit.length - 1} other backups` : '';
    raiseAlert({
      kind: 'verification.failed',
      subject: newest.id,
      message: `The storage is damaged, which hits backup '${newest.name}'${others}: take a new backup, which stores what is still in the till again, and check the disk`,
    });
  }

  async #fail({ backupId, damagedFiles, damaged }: DamagedBackup): Promise<BackupRecord[]> {
    const backup = await this.#deps.backups.find(backupId);
    const others = damagedFiles > damaged.length ? `, and ${damagedFiles - damaged.length} more` : '';
    return backup ? this.#record(backup, `Damaged: ${damaged.map(nameOf).join(', ')}${others}`) : [];
  }

  async #failUnreadable(snapshotId: string): Promise<BackupRecord[]> {
    const backup = await this.#deps.backups.findBySnapshot(snapshotId);
    return backup ? this.#record(backup, 'Damaged: the list of what the backup holds cannot be read') : [];
  }

  /** @returns nothing when the same was known already */
  async #record(backup: BackupRecord, message: string): Promise<BackupRecord[]> {
    const { checks, feed, clock, random } = this.#deps;
    const latest = await checks.latest(backup.id, 'VERIFICATION');
    if (latest?.status === 'FAILED' && latest.error?.message === message) return [];
    const now = clock.now();
    await checks.insert({
      id: random.uuid(),
      backupId: backup.id,
      kind: 'VERIFICATION',
      status: 'FAILED',
      checkedBytes: 0,
      createdBy: SUBJECT,
      startedAt: now,
      completedAt: now,
      error: { code: 'DATA_CORRUPTED', message },
      evidence: null,
    });
    feed.publish({ kind: 'backup', backup });
    return [backup];
  }
}

/** The snapshot that a damaged object is, if it is one. */
function toSnapshotId({ key, damage }: ObjectCheck): string[] {
  return damage !== null && key.startsWith(SNAPSHOTS) ? [key.slice(SNAPSHOTS.length)] : [];
}

function nameOf({ component, path }: DamagedFile): string {
  return path === null ? `the list of ${component} files` : `file "${path}" of ${component}`;
}
