import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, openMetadata } from '../../src/db/metadata.js';
import { InProcessJobQueue } from '../../src/jobs/in-process-job-queue.js';
import { AuditService } from '../../src/services/audit-service.js';
import { BackupRunner } from '../../src/services/backup-runner.js';
import { BackupService, type CreateBackup } from '../../src/services/backup-service.js';
import { OperationFeed } from '../../src/services/operation-feed.js';
import { ProgressService } from '../../src/services/progress-service.js';
import { RecoveryService } from '../../src/services/recovery-service.js';
import { RestoreRunner } from '../../src/services/restore-runner.js';
import { RestoreService } from '../../src/services/restore-service.js';
import { TillGate } from '../../src/services/till-gate.js';
import { TillRecovery } from '../../src/services/till-recovery.js';
import { systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
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
  backups: BackupService;
  restores: RestoreService;
  recovery: RecoveryService;
  /** What was reported as a bug or as not stored. */
  failures: unknown[];
  /** Ends this server without storing anything more, as a crash would, and starts another over the same metadata. */
  restart(): Promise<ServiceKit>;
  /** Ends the server and removes the folder. */
  close(): Promise<void>;
}

/** Opens a kit in a new temporary folder. */
export async function openServiceKit(): Promise<ServiceKit> {
  const folder = await mkdtemp(join(tmpdir(), 'tillvault-services-'));
  await writeMigratedMetadata(join(folder, 'metadata.db'));
  return openKitIn(folder, new FakeEngine());
}

async function openKitIn(folder: string, engine: FakeEngine): Promise<ServiceKit> {
  const restoreDir = join(folder, 'restore');
  const metadata = await openMetadata(`file:${join(folder, 'metadata.db')}`);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => {
    failures.push(error);
  };
  const clock = systemClock;
  const random = systemRandom;
  const queue = new InProcessJobQueue({ onFailure });
  const feed = new OperationFeed();
  const progress = new ProgressService({ ...metadata, clock, onFailure });
  const audit = new AuditService({ audit: metadata.audit, clock, random });
  const gate = new TillGate();
  const till = new TillRecovery({ engine, gate, onFailure });
  const shared = { ...metadata, audit, engine, queue, gate, till, progress, feed, clock, random, onFailure };
  const backupRunner = new BackupRunner({ ...shared, backups: metadata.backups });
  const restoreRunner = new RestoreRunner(shared, { restoreDir });
  const recovery = new RecoveryService({ ...shared, backupRunner, restoreRunner }, { restoreDir });
  const stop = async (): Promise<void> => {
    await recovery.close();
    await queue.drain(0);
    feed.close();
    await progress.close();
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
    backups: new BackupService({ ...shared, runner: backupRunner }),
    restores: new RestoreService({ ...shared, runner: restoreRunner }, { restoreDir }),
    recovery,
    failures,
    restart: async () => {
      await stop();
      return openKitIn(folder, engine);
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
