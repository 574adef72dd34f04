/**
 * What Prometheus is told: figures of backups and restores as they end, and of the server when it is asked.
 * docs/monitoring.md lists every metric. No label holds a name or an id, so that their number stays small.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OperationChange } from '../services/operation-feed.js';
import { COMPONENTS, type Component } from '../shared/component.js';
import {
  BACKUP_STATUSES,
  type BackupRecord,
  isBackupEnded,
  isRestoreEnded,
  RESTORE_STATUSES,
  type RestoreRecord,
  TRIGGERS,
} from '../shared/operation.js';
import { withTimeLimit } from '../shared/time-limit.js';

/** Where the figures of the moment come from. */
export interface MetricSources {
  storage(): Promise<{ usedBytes: number; freeBytes: number | null; totalBytes: number | null }>;
  /** What all completed backups hold together. */
  sizes(): Promise<{ sizeBytes: number }>;
  /** When the newest good backup of each component was asked for. */
  newestGood(): Promise<ReadonlyMap<Component, Date>>;
  alerts(): Promise<{ open: number; pending: number }>;
  jobs(): { running: number; waiting: number };
  connections(): { webSockets: number; subscriptions: number };
}

/** What a scraper is answered. */
export interface RenderedMetrics {
  contentType: string;
  body: string;
}

const COLLECT_LIMIT_MS = 5_000;
/** From a till that hardly changed to a full restore of a large one. */
const DURATION_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400];

/** The metrics of one server. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #collectors: (() => Promise<void>)[] = [];
  readonly #errors = new Counter({
    name: 'tillvault_scrape_errors_total',
    help: 'Figures that could not be found out when they were asked for, by their source.',
    labelNames: ['source'],
    registers: this.#registers,
  });
  readonly #backups = new Counter({
    name: 'tillvault_backups_total',
    help: 'Backups that ended since the server started, by how and by what had begun them.',
    labelNames: ['status', 'trigger'],
    registers: this.#registers,
  });
  readonly #restores = new Counter({
    name: 'tillvault_restores_total',
    help: 'Restores that ended since the server started, by how; validations are restores that wrote nothing.',
    labelNames: ['status', 'validate_only'],
    registers: this.#registers,
  });
  readonly #durations = new Histogram({
    name: 'tillvault_operation_duration_seconds',
    help: 'How long backups and restores took from their start to their end, by how they ended.',
    labelNames: ['operation', 'status'],
    buckets: DURATION_BUCKETS,
    registers: this.#registers,
  });
  readonly #captured = this.#bytes(
    'tillvault_backup_source_bytes_total',
    'Bytes of the till in completed backups.',
  );
  readonly #stored = this.#bytes(
    'tillvault_backup_stored_bytes_total',
    'Bytes that completed backups added to the storage.',
  );
  readonly #restored = this.#bytes(
    'tillvault_restore_restored_bytes_total',
    'Bytes that completed restores wrote.',
  );

  constructor(sources: MetricSources, options: { version: string }) {
    collectDefaultMetrics({ register: this.#registry });
    this.#gauge('tillvault_build_info', 'Always 1; the label tells the version.', ['version']).set(
      { version: options.version },
      1,
    );
    this.#beginCounters();
    this.#addStorage(sources);
    this.#addBackups(sources);
    this.#addServer(sources);
  }

  /** To be told of every end of an operation. Never throws. */
  observe(change: OperationChange): void {
    if (change.kind === 'backup') this.#observeBackup(change.backup);
    else this.#observeRestore(change.restore);
  }

  /** Everything, in Prometheus' text format. */
  async render(): Promise<RenderedMetrics> {
    await Promise.all(this.#collectors.map((collect) => collect()));
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  /** At 0, so that the first of each kind is seen as an increase. */
  #beginCounters(): void {
    for (const status of BACKUP_STATUSES.filter(isBackupEnded)) {
      for (const trigger of TRIGGERS) this.#backups.inc({ status, trigger }, 0);
    }
    for (const status of RESTORE_STATUSES.filter(isRestoreEnded)) {
      for (const validateOnly of ['false', 'true'])
        this.#restores.inc({ status, validate_only: validateOnly }, 0);
    }
  }

  #observeBackup(backup: BackupRecord): void {
    const { status, trigger, sizeBytes, storedBytes } = backup;
    if (!isBackupEnded(status)) return;
    this.#backups.inc({ status, trigger });
    this.#observeDuration('backup', backup);
    if (status !== 'COMPLETED') return;
    this.#captured.inc(sizeBytes);
    this.#stored.inc(storedBytes);
  }

  #observeRestore(restore: RestoreRecord): void {
    const { status, validateOnly, restoredBytes } = restore;
    if (!isRestoreEnded(status)) return;
    this.#restores.inc({ status, validate_only: String(validateOnly) });
    this.#observeDuration('restore', restore);
    if (status === 'COMPLETED') this.#restored.inc(restoredBytes);
  }

  #observeDuration(
    operation: 'backup' | 'restore',
    { status, startedAt, completedAt }: { status: string; startedAt: Date | null; completedAt: Date | null },
  ): void {
    if (startedAt === null || completedAt === null) return;
    const seconds = Math.max(0, completedAt.getTime() - startedAt.getTime()) / 1000;
    this.#durations.observe({ operation, status }, seconds);
  }

  #addStorage(sources: MetricSources): void {
    const used = this.#gauge('tillvault_storage_used_bytes', 'Bytes that the repository takes.');
    const free = this.#gauge('tillvault_storage_free_bytes', 'Bytes that are free where it is kept.');
    const total = this.#gauge('tillvault_storage_total_bytes', 'Bytes of the place where it is kept.');
    const size = this.#gauge(
      'tillvault_storage_source_bytes',
      'Bytes of the till that all completed backups hold.',
    );
    const ratio = this.#gauge(
      'tillvault_storage_reduction_ratio',
      'Bytes that all completed backups hold, divided by what they take.',
    );
    const set = (gauge: Gauge, value: number | null) => {
      if (value === null) forget(gauge);
      else gauge.set(value);
    };
    this.#collect('storage', [used, free, total, size, ratio], async () => {
      const [space, { sizeBytes }] = await Promise.all([sources.storage(), sources.sizes()]);
      used.set(space.usedBytes);
      set(free, space.freeBytes);
      set(total, space.totalBytes);
      size.set(sizeBytes);
      ratio.set(space.usedBytes === 0 || sizeBytes === 0 ? 1 : sizeBytes / space.usedBytes);
    });
  }

  #addBackups(sources: MetricSources): void {
    const newest = this.#gauge(
      'tillvault_newest_backup_timestamp_seconds',
      'When the newest good backup of a component was asked for, in seconds since 1970; 0 while there is none.',
      ['component'],
    );
    this.#collect('backups', [newest], async () => {
      const good = await sources.newestGood();
      for (const component of COMPONENTS)
        newest.set({ component }, (good.get(component)?.getTime() ?? 0) / 1000);
    });
  }

  #addServer(sources: MetricSources): void {
    const jobs = this.#gauge('tillvault_jobs', 'Operations in the queue, by whether they run or wait.', [
      'state',
    ]);
    const sockets = this.#gauge('tillvault_websocket_connections', 'Open WebSocket connections.');
    const subscriptions = this.#gauge('tillvault_subscriptions', 'Operations in progress over WebSocket.');
    this.#collect('server', [jobs, sockets, subscriptions], async () => {
      const { running, waiting } = sources.jobs();
      jobs.set({ state: 'running' }, running);
      jobs.set({ state: 'waiting' }, waiting);
      const open = sources.connections();
      sockets.set(open.webSockets);
      subscriptions.set(open.subscriptions);
    });
    const alerts = this.#gauge('tillvault_alerts_open', 'Alerts that last.');
    const pending = this.#gauge(
      'tillvault_alert_messages_pending',
      'Messages that the webhook has not taken yet.',
    );
    this.#collect('alerts', [alerts, pending], async () => {
      const count = await sources.alerts();
      alerts.set(count.open);
      pending.set(count.pending);
    });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }

  #bytes(name: string, help: string): Counter {
    return new Counter({ name, help, registers: this.#registers });
  }

  /** Adds figures that are found out together, before each scrape. Those that cannot be are left out, and counted. */
  #collect(source: string, gauges: readonly Gauge<string>[], find: () => Promise<void>): void {
    this.#errors.inc({ source }, 0);
    this.#collectors.push(async () => {
      try {
        await withTimeLimit(COLLECT_LIMIT_MS, find);
      } catch {
        // A storage that is down is an alert and a failing health check; the scrape must go on to say the rest.
        for (const gauge of gauges) forget(gauge);
        this.#errors.inc({ source });
      }
    });
  }
}

/** Takes every value of a gauge away: no value is better than one of an earlier moment. */
function forget(gauge: Gauge<string>): void {
  gauge.reset();
  gauge.remove();
}
