/**
 * The composition root of the server: with the files of app/, which each join the parts of one concept, the only place
 * that constructs long-lived objects. Reads top to bottom.
 */
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { createApi } from './api/schema.js';
import { createAudit } from './app/create-audit.js';
import { createDownloads } from './app/create-downloads.js';
import { createEngine, openRepository } from './app/create-engine.js';
import { createLogger } from './app/create-logger.js';
import { createMonitoring } from './app/create-monitoring.js';
import { createTimekeeping } from './app/create-timekeeping.js';
import { lockDataDir } from './config/data-dir-lock.js';
import { type Config, listSecrets } from './config.js';
import { openMetadata } from './db/metadata.js';
import type { Engine } from './engine/index.js';
import { InProcessJobQueue } from './jobs/in-process-job-queue.js';
import { createRestApi } from './rest/rest-api.js';
import { createTokenVerifier } from './server/auth/token-verifier.js';
import { createMetricsServer } from './server/metrics-server.js';
import { createServer, type Listening } from './server/server.js';
import { BackupCheckRunner } from './services/backup-check-runner.js';
import { BackupCheckService } from './services/backup-check-service.js';
import { BackupRunner } from './services/backup-runner.js';
import { BackupService } from './services/backup-service.js';
import { CleanupService } from './services/cleanup-service.js';
import { ChangeGuard } from './services/guard/change-guard.js';
import { OperationHooks } from './services/hooks/operation-hooks.js';
import { OpenDownloads } from './services/open-downloads.js';
import { OperationFeed } from './services/operation-feed.js';
import { ProgressService } from './services/progress-service.js';
import { RecoveryService } from './services/recovery-service.js';
import { RepositoryVerification } from './services/repository-verification.js';
import { RestoreRunner } from './services/restore-runner.js';
import { RestoreService } from './services/restore-service.js';
import { SchedulePings } from './services/schedules/schedule-pings.js';
import { TillGate } from './services/till-gate.js';
import { TillRecovery } from './services/till-recovery.js';
import { type Clock, systemClock } from './shared/clock.js';
import { type Random, systemRandom } from './shared/random.js';
import { createHookRunner } from './sources/hook-program.js';

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

/** How long pings may still take when the server stops. */
const PING_GRACE_MS = 3_000;

/** The version in package.json. */
export const VERSION = readVersion();

/**
 * Joins everything that a server consists of.
 * @throws ConflictError when another server uses the same DATA_DIR; StorageError when the metadata database cannot be opened
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const { clock = systemClock, random = systemRandom } = overrides;
  const lock = lockDataDir(config.dataDir);
  const metadata = await openMetadata(config.metadataUrl).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  const secrets = listSecrets(config);
  const log = overrides.logger
    ? { logger: overrides.logger, close: async () => {} }
    : await createLogger({ level: config.logLevel, file: config.logFile, secrets }).catch(
        async (error: unknown) => {
          await metadata.close();
          lock.release();
          throw error;
        },
      );
  const { logger } = log;
  const engine = overrides.engine ?? createEngine(config, { logger, random });

  const queue = new InProcessJobQueue({
    onFailure: (error, id) => logger.error({ err: error, id }, 'A job failed'),
  });
  const checkQueue = new InProcessJobQueue({
    onFailure: (error, id) => logger.error({ err: error, id }, 'A check failed'),
  });
  const feed = new OperationFeed();
  const audit = createAudit(config, { metadata, engine, feed, logger, clock, random });
  const onFailure = (error: unknown, id?: string) =>
    logger.error({ err: error, id }, 'An operation failed unexpectedly');
  const progress = new ProgressService({ ...metadata, clock, onFailure });
  const gate = new TillGate();
  const runHook = createHookRunner(config.hooks, { timeoutMs: config.hookTimeoutMs });
  const hooks = new OperationHooks(runHook, { onFailure });
  const guard = new ChangeGuard(metadata.backups);
  const till = new TillRecovery({ engine, gate, onFailure });
  const running = { engine, queue, gate, till, progress, feed, guard, hooks };
  const kit = { ...running, audit: audit.service, clock, random, onFailure };
  const monitoring = createMonitoring(config, VERSION, {
    ...kit,
    metadata,
    logger,
    connections: () => server.connections,
  });
  const raiseAlert = monitoring.alerts.raise;
  const shared = { ...metadata, ...kit, raiseAlert };
  const openDownloads = new OpenDownloads();
  const folders = { restoreDir: config.restoreDir };
  const backupRunner = new BackupRunner(shared);
  const restoreRunner = new RestoreRunner(shared, folders);
  const backups = new BackupService({ ...shared, runner: backupRunner, downloads: openDownloads });
  const restores = new RestoreService({ ...shared, runner: restoreRunner }, folders);
  const checkRunner = new BackupCheckRunner({ ...shared, checkQueue, version: VERSION });
  const checks = new BackupCheckService({ ...shared, checkRunner, checkQueue });
  const repository = new RepositoryVerification({ ...shared, checkQueue }, { days: config.verifyDays });
  const downloads = createDownloads(config, { ...shared, open: openDownloads });
  const recovery = new RecoveryService({ ...shared, backupRunner, restoreRunner }, folders);

  const cleanup = new CleanupService({ ...shared, service: backups, downloads: openDownloads });
  const { scheduler, schedules, tasks } = createTimekeeping(config, {
    ...shared,
    service: backups,
    cleanup,
    checkService: checks,
    repository,
  });
  const pings = new SchedulePings({ ...shared, send: fetch });

  const verifier = createTokenVerifier(config.jwt.key, { ...config.jwt, clock });
  const production = config.isProduction;
  const api = createApi(
    {
      ...kit,
      ...monitoring,
      backups,
      restores,
      downloads,
      schedules,
      cleanup,
      checks,
      repository,
      operations: feed,
      logger,
    },
    { production },
  );
  const rest = createRestApi({ backups, restores, downloads, progress }, { production, version: VERSION });
  const { host, port, metrics } = config;
  const renderMetrics = () => monitoring.metrics.render();
  const isReady = () => monitoring.health.isReady();
  const server = createServer(
    {
      api,
      rest,
      verifier,
      logger,
      clock,
      random,
      monitoring: { isReady, renderMetrics, metricsToken: metrics.token },
    },
    { host, port, production },
  );
  const metricsServer = metrics.listen && createMetricsServer({ api, renderMetrics }, metrics.listen);

  let closing: Promise<void> | null = null;
  const close = async () => {
    server.drain();
    await scheduler.close();
    const tasksEnd = Promise.all([tasks.close(), cleanup.close()]);
    const recoveryEnd = recovery.close();
    await Promise.all([queue.drain(config.shutdownGraceMs), checkQueue.drain(0)]);
    await progress.close();
    feed.close();
    await pings.close(PING_GRACE_MS);
    await tasksEnd;
    await Promise.all([server.close(), metricsServer?.close()]);
    await engine.close();
    await recoveryEnd;
    await monitoring.close();
    await audit.close();
    await metadata.close();
    lock.release();
    await log.close();
  };
  return {
    async start() {
      await openRepository(engine, metadata);
      await audit.open();
      await monitoring.open();
      pings.start();
      const report = await recovery.recover();
      logger.info({ ...report, interruptedChecks: await checks.recover() }, 'Recovered');
      await audit.begin(VERSION);
      await monitoring.begin();
      if (metricsServer) logger.info({ port: await metricsServer.listen() }, 'Metrics are served');
      const listening = await server.listen();
      scheduler.start();
      return listening;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(version);
}
