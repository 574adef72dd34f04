/**
 * The composition root of the server: the only file that constructs long-lived objects. Reads top to bottom.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import pino, { type Logger } from 'pino';
import { createApi } from './api/schema.js';
import { lockDataDir } from './config/data-dir-lock.js';
import { readOrMakeInstanceId } from './config/instance-id.js';
import type { Config } from './config.js';
import { type Metadata, openMetadata } from './db/metadata.js';
import { type Engine, WorkerEngine } from './engine/index.js';
import type { EngineThreadSettings } from './engine-thread.js';
import { InProcessJobQueue } from './jobs/in-process-job-queue.js';
import { createTokenVerifier } from './server/auth/token-verifier.js';
import { createServer, type Listening } from './server/server.js';
import { AuditService } from './services/audit-service.js';
import { BackupRunner } from './services/backup-runner.js';
import { BackupService } from './services/backup-service.js';
import { OperationFeed } from './services/operation-feed.js';
import { ProgressService } from './services/progress-service.js';
import { RecoveryService } from './services/recovery-service.js';
import { RestoreRunner } from './services/restore-runner.js';
import { RestoreService } from './services/restore-service.js';
import { TillGate } from './services/till-gate.js';
import { TillRecovery } from './services/till-recovery.js';
import { type Clock, systemClock } from './shared/clock.js';
import { NotFoundError, StorageError } from './shared/errors.js';
import { type Random, systemRandom } from './shared/random.js';

/** A whole server. */
export interface App {
  /**
   * Opens the repository, puts right what an earlier run left, and listens.
   * @throws KeyError when BACKUP_ENCRYPTION_KEY is not the repository's; IntegrityError, StorageError
   */
  start(): Promise<Listening>;
  /** Refuses new work, lets running work end within the configured time, and closes everything. May be called twice. */
  close(): Promise<void>;
}

/** What tests put in place of the real ones. */
export interface AppOverrides {
  clock?: Clock;
  random?: Random;
  logger?: Logger;
  engine?: Engine;
}

/** The version in package.json. */
export const VERSION = readVersion();

/**
 * Joins everything that a server consists of.
 * @throws ConflictError when another server uses the same DATA_DIR; StorageError when the metadata database cannot be opened
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const { clock = systemClock, random = systemRandom } = overrides;
  const logger =
    overrides.logger ?? pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const lock = lockDataDir(config.dataDir);
  const metadata = await openMetadata(config.metadataUrl).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  const engine = overrides.engine ?? createEngine(config, { logger, random });

  const queue = new InProcessJobQueue({
    onFailure: (error, id) => logger.error({ err: error, id }, 'A job failed'),
  });
  const feed = new OperationFeed();
  const audit = new AuditService({ audit: metadata.audit, clock, random });
  const onFailure = (error: unknown, id?: string) =>
    logger.error({ err: error, id }, 'An operation failed unexpectedly');
  const progress = new ProgressService({ ...metadata, clock, onFailure });
  const gate = new TillGate();
  const till = new TillRecovery({ engine, gate, onFailure });
  const shared = { ...metadata, engine, queue, gate, till, progress, feed, audit, clock, random, onFailure };
  const folders = { restoreDir: config.restoreDir };
  const backupRunner = new BackupRunner(shared);
  const restoreRunner = new RestoreRunner(shared, folders);
  const backups = new BackupService({ ...shared, runner: backupRunner });
  const restores = new RestoreService({ ...shared, runner: restoreRunner }, folders);
  const recovery = new RecoveryService({ ...shared, backupRunner, restoreRunner }, folders);

  const verifier = createTokenVerifier(config.jwt.key, { ...config.jwt, clock });
  const production = config.isProduction;
  const api = createApi(
    { backups, restores, progress, operations: feed, audit, logger, clock, random },
    { production },
  );
  const { host, port } = config;
  const server = createServer({ api, verifier, logger, clock, random }, { host, port, production });

  let closing: Promise<void> | null = null;
  const close = async () => {
    server.drain();
    const recoveryEnd = recovery.close();
    await queue.drain(config.shutdownGraceMs);
    await progress.close();
    feed.close();
    await server.close();
    await engine.close();
    await recoveryEnd;
    await metadata.close();
    lock.release();
  };
  return {
    async start() {
      await openRepository(engine, metadata);
      logger.info(await recovery.recover(), 'Recovered');
      return server.listen();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** A storage without a repository is a new one only when no backup is known: otherwise it is not mounted, or the wrong one. */
async function openRepository(engine: Engine, metadata: Metadata): Promise<void> {
  const known = await metadata.backups.countCompleted();
  try {
    await engine.open({ mayCreate: known === 0 });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      `${known} backups are known, but STORAGE_URL holds no repository; check that the storage is mounted and is the right one`,
      { cause: error },
    );
  }
}

function createEngine(config: Config, { logger, random }: { logger: Logger; random: Random }): Engine {
  const { database, configRoots, cacheRoots, filesRoots, programFolders } = config;
  const instanceId = readOrMakeInstanceId(config.dataDir, random);
  const tempDir = join(config.tempDir, instanceId);
  const settings: EngineThreadSettings = {
    storageFolder: config.storage.folder,
    passphrase: config.encryptionKey,
    till: { database, configRoots, cacheRoots, filesRoots, tempDir, programFolders },
    journalFolder: join(config.dataDir, 'journal'),
    instanceId,
  };
  return new WorkerEngine({
    startWorker: () =>
      new Worker(new URL('./engine-thread.js', import.meta.url), { workerData: settings, name: 'engine' }),
    onWarning: (message, error) => logger.warn({ err: error }, message),
  });
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(version);
}
