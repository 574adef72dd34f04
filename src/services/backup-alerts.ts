import type { BackupRepository } from '../db/backup-repository.js';
import type { Clock } from '../shared/clock.js';
import { COMPONENTS, type Component, sortComponents } from '../shared/component.js';
import { Lane } from '../shared/lane.js';
import type { BackupRecord } from '../shared/operation.js';
import type { Alert } from './alert.js';
import type { AlertService } from './alert-service.js';
import type { OperationChange } from './operation-feed.js';
import type { StorageService } from './storage-service.js';

/** What the alerts about backups work with. */
export interface BackupAlertsDeps {
  service: Pick<AlertService, 'raise' | 'resolve'>;
  alerts: { findLatest(kind: string, subject: string): Promise<{ lastRaisedAt: Date } | null> } & {
    listOpen(kind: string): Promise<{ subject: string }[]>;
  };
  backups: Pick<BackupRepository, 'list' | 'find' | 'findNewestGood'>;
  /** Since when there could have been a backup. */
  firstUse(): Promise<Date | null>;
  storage: Pick<StorageService, 'measure'>;
  clock: Clock;
  onFailure(error: unknown): void;
}

/** When an alert is raised. */
export interface BackupAlertsOptions {
  /** Free space below which an alert is raised, in percent of all; 0: never. */
  minFreePercent: number;
  /** Age of the newest good backup above which an alert is raised; null: never. */
  maxAgeMs: number | null;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Failures that are older are not looked for at the start. */
const LOOK_BACK_MS = 7 * DAY_MS;
const LOOK_BACK_COUNT = 100;
/** Percent of space that must be free beyond the limit before an alert is over, so that it does not come and go. */
const HYSTERESIS_PERCENT = 2;

/** Finds what an administrator must hear of about backups and their storage. */
export class BackupAlerts {
  readonly #deps: BackupAlertsDeps;
  readonly #options: BackupAlertsOptions;
  readonly #lane = new Lane();

  constructor(deps: BackupAlertsDeps, options: BackupAlertsOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** To be told of every end of an operation. Never throws. */
  observe(change: OperationChange): void {
    if (change.kind !== 'backup') return;
    const { backup } = change;
    if (backup.status === 'FAILED' && backup.trigger !== 'PRE_RESTORE')
      this.#deps.service.raise(toFailure(backup));
    if (backup.status === 'COMPLETED') this.#lane.run(() => this.#settle(backup)).catch(this.#deps.onFailure);
  }

  /** Raises what a crash kept from being raised: failures that no later backup has made good. */
  async catchUp(): Promise<void> {
    const { backups, alerts, service, clock } = this.#deps;
    const since = new Date(clock.now().getTime() - LOOK_BACK_MS);
    const failed = await backups.list(
      { page: 1, limit: LOOK_BACK_COUNT },
      { status: ['FAILED'], createdAfter: since },
      { field: 'CREATED_AT', direction: 'DESC' },
    );
    const good = await backups.findNewestGood();
    for (const backup of failed.items.toReversed()) {
      const at = backup.completedAt ?? backup.createdAt;
      const isMadeGood = backup.requestedComponents.every((component) => (good.get(component) ?? 0) > at);
      if (isMadeGood || backup.trigger === 'PRE_RESTORE') continue;
      const failure = toFailure(backup);
      const told = await alerts.findLatest(failure.kind, failure.subject);
      if (told === null || told.lastRaisedAt < at) service.raise(failure);
    }
  }

  /** Looks at the age of backups and at free space. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#checkSuspicions();
    await this.#checkAge();
    await this.#checkSpace(signal);
  }

  /** Resolves when everything that was observed has been looked into. */
  settled(): Promise<void> {
    return this.#lane.settled();
  }

  async #settle(backup: BackupRecord): Promise<void> {
    const { alerts, service } = this.#deps;
    if (backup.scheduleId !== null) service.resolve('backup.missed', backup.scheduleId);
    const covers = (component: string) => backup.requestedComponents.includes(component as Component);
    for (const { subject } of await alerts.listOpen('backup.failed')) {
      if (subject.split('+').every(covers)) service.resolve('backup.failed', subject);
    }
    await this.#checkAge();
  }

  /** A suspicion is over when somebody has confirmed the backup, or it is gone. */
  async #checkSuspicions(): Promise<void> {
    const { alerts, backups, service } = this.#deps;
    for (const { subject } of await alerts.listOpen('backup.suspicious')) {
      const backup = await backups.find(subject);
      if (backup === null || backup.confirmedAt !== null) service.resolve('backup.suspicious', subject);
    }
  }

  async #checkAge(): Promise<void> {
    const { maxAgeMs } = this.#options;
    if (maxAgeMs === null) return;
    const { backups, service, firstUse, clock } = this.#deps;
    const now = clock.now().getTime();
    const good = await backups.findNewestGood();
    const began = await firstUse();
    for (const component of COMPONENTS) {
      const newest = good.get(component) ?? null;
      const since = newest ?? began;
      if (since === null || now - since.getTime() <= maxAgeMs) {
        if (newest !== null) service.resolve('backup.overdue', component);
      } else service.raise(toOverdue(component, newest, maxAgeMs));
    }
  }

  async #checkSpace(signal: AbortSignal): Promise<void> {
    const { minFreePercent } = this.#options;
    if (minFreePercent === 0) return;
    const { service, storage } = this.#deps;
    const { freeBytes, totalBytes } = await storage.measure({ signal });
    if (freeBytes === null || totalBytes === null || totalBytes === 0) return;
    const percent = (freeBytes / totalBytes) * 100;
    if (percent < minFreePercent) {
      const message = `Only ${percent.toFixed(1)} % of the backup storage is free: make room, or delete backups that are no longer needed`;
      service.raise({ kind: 'storage.low', subject: 'storage', message });
    } else if (percent >= Math.min(100, minFreePercent + HYSTERESIS_PERCENT)) {
      service.resolve('storage.low', 'storage');
    }
  }
}

function toFailure({ id, name, requestedComponents, error }: BackupRecord): Alert {
  const reason = error === null ? '' : `: ${error.message}`;
  return {
    kind: 'backup.failed',
    subject: sortComponents(requestedComponents).join('+'),
    message: `Backup '${name}' (${id}) failed${reason}`,
  };
}

function toOverdue(component: Component, newest: Date | null, maxAgeMs: number): Alert {
  const hours = Math.round(maxAgeMs / 3_600_000);
  const found =
    newest === null
      ? 'there is none'
      : `the newest is of ${newest.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    kind: 'backup.overdue',
    subject: component,
    message: `${component} has no good backup of the last ${hours} hours (${found}): take one, and see why none was taken`,
  };
}
