import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRootName } from '../../src/archive/entry-names.js';
import { checkFileCount, writeArchive } from '../../src/archive/write-archive.js';
import { AuditAnchorFile } from '../../src/db/audit-anchor-file.js';
import { type Metadata, openMetadata } from '../../src/db/metadata.js';
import { CronCalendar } from '../../src/jobs/cron-calendar.js';
import { InProcessJobQueue } from '../../src/jobs/in-process-job-queue.js';
import type { Alert } from '../../src/services/alert.js';
import { AuditService } from '../../src/services/audit-service.js';
import { BackupCheckRunner } from '../../src/services/backup-check-runner.js';
import { BackupCheckService } from '../../src/services/backup-check-service.js';
import { BackupRunner } from '../../src/services/backup-runner.js';
import { BackupService, type CreateBackup } from '../../src/services/backup-service.js';
import { CleanupService } from '../../src/services/cleanup-service.js';
import { DownloadLinks, deriveLinkKey } from '../../src/services/download-links.js';
import { DownloadService } from '../../src/services/download-service.js';
import { recordEnd } from '../../src/services/end-audit.js';
import { ChangeGuard } from '../../src/services/guard/change-guard.js';
import { OperationHooks } from '../../src/services/hooks/operation-hooks.js';
import { OpenDownloads } from '../../src/services/open-downloads.js';
import { OperationFeed } from '../../src/services/operation-feed.js';
import { ProgressService } from '../../src/services/progress-service.js';
import { RecoveryService } from '../../src/services/recovery-service.js';
import { RepositoryVerification } from '../../src/services/repository-verification.js';
import { RestoreRunner } from '../../src/services/restore-runner.js';
import { RestoreService } from '../../src/services/restore-service.js';
import { ScheduleRuns } from '../../src/services/schedules/schedule-runs.js';
import { ScheduleService } from '../../src/services/schedules/schedule-service.js';
import { toAuditWitness } from '../../src/services/snapshot-labels.js';
import { TillGate } from '../../src/services/till-gate.js';
import { TillRecovery } from '../../src/services/till-recovery.js';
import { type Clock, systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import type { RunHook } from '../../src/shared/hook.js';
import type { Actor } from '../../src/shared/operation.js';
import { systemRandom } from '../../src/shared/random.js';
import { FakeEngine } from './fake-engine.js';
import { writeMigratedMetadata } from './migrated-metadata.js';

/** Somebody who may do everything. */
export const ADMIN: Actor = { subject: 'alice', role: 'ADMIN', remoteAddress: '192.0.2.7' };

/** A full backup with the contract's defaults. */
export const FULL: CreateBackup = { type: 'FULL', encrypt: true, compress: true, retentionDays: 30 };

/** The services over a real SQLite metadata file in a temporary folder, and an engine that is a script. */
export interface ServiceKit {
  folder: string;
  restoreDir: string;
  metadata: Metadata;
  engine: FakeEngine;
  queue: InProcessJobQueue;
  feed: OperationFeed;
  progress: ProgressService;
  audit: AuditService;
  downloads: OpenDownloads;
  downloadService: DownloadService;
  backups: BackupService;
  restores: RestoreService;
  checks: BackupCheckService;
  repository: RepositoryVerification;
  recovery: RecoveryService;
  schedules: ScheduleService;
  runs: ScheduleRuns;
  cleanup: CleanupService;
  calendar: CronCalendar;
  /** What was raised. */
  alerts: Alert[];
  /** How often somebody said that schedules have changed. */
  changes: { count: number };
  /** What was reported as a bug or as not stored. */
  failures: unknown[];
  /** Ends this server without storing anything more, as a crash would, and starts another over the same metadata. */
  restart(): Promise<ServiceKit>;
  /** Ends the server and removes the folder. */
  close(): Promise<void>;
}

/** What a kit differs in from the usual one. */
export interface KitOptions {
  clock?: Clock;
  /** Default: no hooks. */
  runHook?: RunHook;
}

/** Opens a kit in a new temporary folder. */
export async function openServiceKit(options: KitOptions = {}): Promise<ServiceKit> {
  const folder = await mkdtemp(join(tmpdir(), 'tillvault-services-'));
  await writeMigratedMetadata(join(folder, 'metadata.db'));
  return openKitIn(folder, new FakeEngine(), options);
}

async function openKitIn(folder: string, engine: FakeEngine, options: KitOptions): Promise<ServiceKit> {
  const restoreDir = join(folder, 'restore');
  const metadata = await openMetadata(`file:${join(folder, 'metadata.db')}`);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => {
    failures.push(error);
  };
  const { clock = systemClock, runHook = async () => {} } = options;
  const random = systemRandom;
  const queue = new InProcessJobQueue({ onFailure });
  const feed = new OperationFeed();
  const progress = new ProgressService({ ...metadata, clock, onFailure });
  const gate = new TillGate();
  const checkQueue = new InProcessJobQueue({ onFailure });
  const till = new TillRecovery({ engine, gate, onFailure });
  const alerts: Alert[] = [];
  const raiseAlert = (alert: Alert): void => {
    alerts.push(alert);
  };
  const guard = new ChangeGuard(metadata.backups);
  const hooks = new OperationHooks(runHook, { onFailure });
  const running = { engine, queue, gate, till, progress, feed, guard, hooks, raiseAlert };
  const anchor = new AuditAnchorFile(folder, { onFailure });
  const witnesses = async () =>
    (await engine.listSnapshots()).flatMap((each) => toAuditWitness(each, 'kit') ?? []);
  const audit = new AuditService({
    audit: metadata.audit,
    anchor,
    serverId: 'kit',
    witnesses,
    clock,
    random,
  });
  await audit.open(await engine.deriveKey('audit'));
  feed.observeEnds((change) => recordEnd(change, { audit, onFailure }));
  const shared = { ...metadata, ...running, audit, clock, random, onFailure };
  const downloads = new OpenDownloads();
  const backupRunner = new BackupRunner({ ...shared, backups: metadata.backups });
  const restoreRunner = new RestoreRunner(shared, { restoreDir });
  const checkRunner = new BackupCheckRunner({ ...shared, checkQueue, raiseAlert, version: '1.2.3' });
  const recovery = new RecoveryService({ ...shared, backupRunner, restoreRunner }, { restoreDir });
  const backups = new BackupService({ ...shared, runner: backupRunner, downloads });
  const cleanup = new CleanupService({ ...shared, service: backups, downloads });
  const calendar = new CronCalendar();
  const runs = new ScheduleRuns({ ...shared, service: backups });
  const changes = { count: 0 };
  const onChange = (): void => {
    changes.count += 1;
  };
  const schedules = new ScheduleService({ ...shared, runs, calendar, onChange });
  const stop = async (): Promise<void> => {
    await recovery.close();
    await cleanup.close();
    await Promise.all([queue.drain(0), checkQueue.drain(0)]);
    feed.close();
    await progress.close();
    await audit.close();
    await metadata.close();
  };
  return {
    folder,
    restoreDir,
    metadata,
    engine,
    queue,
    feed,
    progress,
    audit,
    backups,
    downloads,
    downloadService: new DownloadService({
      ...shared,
      open: downloads,
      links: new DownloadLinks({ clock }, { key: deriveLinkKey('a secret of the tests', random) }),
      archives: { write: writeArchive, toRootName, checkFileCount },
    }),
    restores: new RestoreService({ ...shared, runner: restoreRunner }, { restoreDir }),
    checks: new BackupCheckService({ ...shared, checkRunner, checkQueue }),
    repository: new RepositoryVerification({ ...shared, checkQueue, raiseAlert }, { days: 30 }),
    recovery,
    schedules,
    runs,
    cleanup,
    calendar,
    alerts,
    changes,
    failures,
    restart: async () => {
      await stop();
      return openKitIn(folder, engine, options);
    },
    close: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Waits until a backup or a restore has ended, by following its progress. @returns every event sent */
export async function followToEnd<T>(events: Promise<AsyncIterableIterator<T>>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of await events) seen.push(event);
  return seen;
}

/** The code that `promise` is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  throw new Error('Expected the call to be rejected, it was not');
}
