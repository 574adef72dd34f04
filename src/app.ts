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
import type { BackupRepository } from './db/backup-repository.js';
import { type Metadata, openMetadata } from './db/metadata.js';
import { type Engine, WorkerEngine } from './engine/index.js';
import type { EngineThreadSettings } from './engine-thread.js';
import { CronCalendar } from './jobs/cron-calendar.js';
import { InProcessJobQueue } from './jobs/in-process-job-queue.js';
import { Scheduler } from './jobs/scheduler.js';
import { createTokenVerifier } from './server/auth/token-verifier.js';
import { createServer, type Listening } from './server/server.js';
import type { RaiseAlert } from './services/alert.js';
import { AuditService } from './services/audit-service.js';
import { BackupCheckRunner } from './services/backup-check-runner.js';
import { BackupCheckService } from './services/backup-check-service.js';
import { BackupRunner } from './services/backup-runner.js';
import { BackupService } from './services/backup-service.js';
import { listCheckTasks } from './services/check-tasks.js';
import { CleanupService, SCHEDULED_CLEANUP } from './services/cleanup-service.js';
import { ChangeGuard } from './services/guard/change-guard.js';
import { OperationHooks } from './services/hooks/operation-hooks.js';
import { OperationFeed } from './services/operation-feed.js';
import { ProgressService } from './services/progress-service.js';
import { RecoveryService } from './services/recovery-service.js';
import { RecurringTasks, type RecurringTasksDeps } from './services/recurring-tasks.js';
import { RepositoryVerification } from './services/repository-verification.js';
import { RestoreRunner } from './services/restore-runner.js';
import { RestoreService } from './services/restore-service.js';
import { SchedulePings } from './services/schedules/schedule-pings.js';
import { ScheduleRuns, type ScheduleRunsDeps } from './services/schedules/schedule-runs.js';
import { ScheduleService, type ScheduleServiceDeps } from './services/schedules/schedule-service.js';
import { TillGate } from './services/till-gate.js';
import { TillRecovery } from './services/till-recovery.js';
import { type Clock, systemClock } from './shared/clock.js';
import { NotFoundError, StorageError } from './shared/errors.js';
import { type Random, systemRandom } from './shared/random.js';
import { systemWakeTimer } from './shared/wake-timer.js';
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
  const checkQueue = new InProcessJobQueue({
    onFailure: (error, id) => logger.error({ err: error, id }, 'A check failed'),
  });
  const feed = new OperationFeed();
  const audit = new AuditService({ audit: metadata.audit, clock, random });
  const onFailure = (error: unknown, id?: string) =>
    logger.error({ err: error, id }, 'An operation failed unexpectedly');
  const progress = new ProgressService({ ...metadata, clock, onFailure });
  const gate = new TillGate();
  const raiseAlert: RaiseAlert = ({ kind, subject, message }) =>
    logger.warn({ alert: kind, subject }, message);
  const runHook = createHookRunner(config.hooks, { timeoutMs: config.hookTimeoutMs });
  const hooks = new OperationHooks(runHook, { onFailure });
  const guard = new ChangeGuard(metadata.backups);
  const till = new TillRecovery({ engine, gate, onFailure });
  const running = { engine, queue, gate, till, progress, feed, guard, hooks };
  const shared = { ...metadata, ...running, audit, clock, random, raiseAlert, onFailure };
  const folders = { restoreDir: config.restoreDir };
  const backupRunner = new BackupRunner(shared);
  const restoreRunner = new RestoreRunner(shared, folders);
  const backups = new BackupService({ ...shared, runner: backupRunner });
  const restores = new RestoreService({ ...shared, runner: restoreRunner }, folders);
  const checkRunner = new BackupCheckRunner({ ...shared, checkQueue, version: VERSION });
  const checks = new BackupCheckService({ ...shared, checkRunner, checkQueue });
  const repository = new RepositoryVerification({ ...shared, checkQueue }, { days: config.verifyDays });
  const recovery = new RecoveryService({ ...shared, backupRunner, restoreRunner }, folders);

  const cleanup = new CleanupService({ ...shared, service: backups });
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
      backups,
      restores,
      progress,
      schedules,
      cleanup,
      checks,
      repository,
      operations: feed,
      audit,
      logger,
      clock,
      random,
    },
    { production },
  );
  const { host, port } = config;
  const server = createServer({ api, verifier, logger, clock, random }, { host, port, production });

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
    await server.close();
    await engine.close();
    await recoveryEnd;
    await metadata.close();
    lock.release();
  };
  return {
    async start() {
      await openRepository(engine, metadata);
      pings.start();
      const report = await recovery.recover();
      logger.info({ ...report, interruptedChecks: await checks.recover() }, 'Recovered');
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

/** What happens by itself at its time: schedules, and what the configuration asks for. */
function createTimekeeping(
  { cleanupCron, verifyDays, restoreTestCron }: Config,
  deps: Omit<ScheduleServiceDeps, 'runs' | 'calendar' | 'onChange'> &
    Omit<ScheduleRunsDeps, 'backups'> & { backups: BackupRepository } & Omit<
      RecurringTasksDeps,
      'calendar'
    > & {
      cleanup: CleanupService;
      checkService: BackupCheckService;
      repository: RepositoryVerification;
    },
) {
  const calendar = new CronCalendar();
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const cleaning = { name: 'cleanup', setting: 'CLEANUP_CRON', timeZone };
  const run = async (signal: AbortSignal) => {
    await deps.cleanup.run(SCHEDULED_CLEANUP, { dryRun: false, signal });
  };
  const wanted = cleanupCron === null ? [] : [{ ...cleaning, cron: cleanupCron, run }];
  const times = { verifyDays, restoreTestCron, timeZone };
  const checkTasks = listCheckTasks(times, { checks: deps.checkService, repository: deps.repository });
  const tasks = new RecurringTasks([...wanted, ...checkTasks], { ...deps, calendar });
  const runs = new ScheduleRuns(deps);
  const scheduler = new Scheduler([runs, tasks], { ...deps, calendar, timer: systemWakeTimer });
  const onChange = () => scheduler.wake();
  return { scheduler, tasks, schedules: new ScheduleService({ ...deps, runs, calendar, onChange }) };
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
