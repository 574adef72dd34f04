import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Metadata } from '../db/metadata.js';
import type { Engine } from '../engine/index.js';
import type { JobQueue } from '../jobs/job-queue.js';
import { Periodic } from '../jobs/periodic.js';
import { Metrics } from '../metrics/metrics.js';
import { WebhookSender } from '../notify/webhook-sender.js';
import { AlertDispatcher } from '../services/alert-dispatcher.js';
import { AlertService } from '../services/alert-service.js';
import type { AuditService } from '../services/audit-service.js';
import { BackupAlerts } from '../services/backup-alerts.js';
import { createHealthProbes } from '../services/health-probes.js';
import { HealthService } from '../services/health-service.js';
import type { OperationFeed } from '../services/operation-feed.js';
import { StorageService } from '../services/storage-service.js';
import type { TillGate } from '../services/till-gate.js';
import type { Clock } from '../shared/clock.js';
import { CancelledError } from '../shared/errors.js';
import type { Random } from '../shared/random.js';

const MINUTE_MS = 60 * 1_000;
const CHECK_EVERY_MS = 5 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What tells others how a server is. */
export interface Monitoring {
  storage: StorageService;
  health: HealthService;
  metrics: Metrics;
  alerts: AlertService;
  /** Takes up alerts that an earlier run could not deliver. To be called once, before anything is raised. */
  open(): Promise<void>;
  /** Begins to look at backups and storage. */
  begin(): Promise<void>;
  /** Ends attempts to deliver alerts; what is not delivered is kept. */
  close(): Promise<void>;
}

/** What monitoring looks at. */
export interface MonitoringDeps {
  metadata: Metadata;
  engine: Engine;
  queue: JobQueue;
  gate: TillGate;
  feed: OperationFeed;
  audit: AuditService;
  /** What is open over WebSocket now. */
  connections(): { webSockets: number; subscriptions: number };
  logger: Logger;
  clock: Clock;
  random: Random;
}

/** Joins storage figures, health, metrics and alerts. */
export function createMonitoring(config: Config, version: string, deps: MonitoringDeps): Monitoring {
  const { metadata, engine, queue, feed, clock, logger } = deps;
  const { backups, alerts: stored } = metadata;
  const onFailure = (error: unknown) => {
    // The end of the server breaks off what looks at it.
    if (!(error instanceof CancelledError)) logger.error({ err: error }, 'Monitoring failed');
  };
  const limits = config.alerts;
  const storage = new StorageService({ engine, backups, clock });
  const probes = createHealthProbes({ ...deps, ...metadata, storage, audit: metadata.audit }, limits);
  const health = new HealthService({ probes, ping: metadata.ping, clock, onFailure }, { version });
  const metrics = new Metrics(
    {
      storage: () => storage.measure(),
      sizes: () => backups.sumCompleted(),
      newestGood: () => backups.findNewestGood(),
      alerts: () => stored.count(clock.now()),
      jobs: () => queue.load,
      connections: deps.connections,
    },
    { version },
  );
  const dispatcher =
    limits.webhook &&
    new AlertDispatcher({
      alerts: stored,
      sender: new WebhookSender(limits.webhook, clock),
      clock,
      onFailure,
    });
  const alerts = new AlertService(
    {
      ...deps,
      alerts: stored,
      deliver: dispatcher && ((message) => dispatcher.deliver(message)),
      onAlert: (alert) => logger.warn({ alert }, 'Alert'),
      onFailure,
    },
    { repeatMs: limits.repeatMs },
  );
  const firstUse = async () => (await metadata.audit.findFirst())?.at ?? null;
  const watch = new BackupAlerts(
    { service: alerts, alerts: stored, backups, firstUse, storage, clock, onFailure },
    limits,
  );
  feed.observeEnds((change) => {
    metrics.observe(change);
    watch.observe(change);
  });
  const checking = new Periodic((signal) => watch.check(signal), { everyMs: CHECK_EVERY_MS, onFailure });
  const trimming = new Periodic(() => alerts.trim(), { everyMs: DAY_MS, onFailure });
  return {
    storage,
    health,
    metrics,
    alerts,
    open: async () => dispatcher?.start(),
    begin: async () => {
      await watch.catchUp();
      checking.start();
      trimming.start();
    },
    close: async () => {
      await Promise.all([checking.close(), trimming.close(), watch.settled()]);
      await alerts.end();
      await dispatcher?.close();
    },
  };
}
