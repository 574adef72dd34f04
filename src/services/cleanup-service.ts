/**
 * The clean-up: removes expired backups, then reclaims the space that nothing refers to any more. What is removed is
 * decided by services/retention; a dry run shows the same decision and what it would reclaim.
 */
import type { BackupRepository } from '../db/backup-repository.js';
import type { RestoreRepository } from '../db/restore-repository.js';
import type { ScheduleRepository } from '../db/schedule-repository.js';
import type { Engine } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError, throwIfCancelled } from '../shared/errors.js';
import type { Agent, BackupRecord } from '../shared/operation.js';
import { keepRulesOf } from '../shared/schedule.js';
import type { AuditService } from './audit-service.js';
import type { BackupService, BatchResult } from './backup-service.js';
import type { OpenDownloads } from './open-downloads.js';
import { type RetainedRecord, toRetained } from './retention/retained-record.js';
import { planRetention, type RetentionPlan } from './retention/retention-plan.js';

/** What the clean-up works with. */
export interface CleanupServiceDeps {
  backups: Pick<BackupRepository, 'listAll' | 'listSuspicious'>;
  restores: Pick<RestoreRepository, 'listUnended' | 'listValidated'>;
  schedules: Pick<ScheduleRepository, 'list'>;
  downloads: Pick<OpenDownloads, 'isDownloading'>;
  service: Pick<BackupService, 'expire'>;
  engine: Pick<Engine, 'prune'>;
  audit: Pick<AuditService, 'watch'>;
  clock: Clock;
}

/** A backup that stays, and why. */
export interface KeptBackup {
  backup: BackupRecord;
  reasons: string[];
}

/** What a clean-up would do or has done. */
export interface CleanupReport {
  dryRun: boolean;
  expiredBackups: BackupRecord[];
  kept: KeptBackup[];
  reclaimedBytes: number;
  /** Why nothing is deleted at present; null when it is. */
  suspended: string | null;
}

/** The clean-up that nobody asked for. */
export const SCHEDULED_CLEANUP: Agent = { subject: 'cleanup', role: null, remoteAddress: null };

/** Deletions between two looks at what there is. */
const BATCH_LENGTH = 50;
/** Suspicious backups that a message names. */
const MAX_NAMED = 5;

/** Runs clean-ups, one at a time; a dry run at any time. */
export class CleanupService {
  readonly #deps: CleanupServiceDeps;
  readonly #closing = new AbortController();
  #running: Promise<unknown> | null = null;

  constructor(deps: CleanupServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Cleans up, or says what that would do.
   * @throws ConflictError while another clean-up runs, CancelledError, StorageError; what was removed stays removed
   */
  async run(agent: Agent, options: { dryRun: boolean; signal?: AbortSignal }): Promise<CleanupReport> {
    const closing = this.#closing.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing;
    if (options.dryRun) return this.#foresee(signal);
    return this.#deps.audit.watch(agent, 'cleanup.run', async () => {
      if (this.#running !== null) throw new ConflictError('A clean-up is running already: wait for it');
      const work = this.#clean(agent, signal);
      this.#running = work.catch(() => {}); // told to the caller
      try {
        return { result: await work, target: 'repository' };
      } finally {
        this.#running = null;
      }
    });
  }

  /** Aborts a clean-up and waits until it has ended. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #foresee(signal: AbortSignal): Promise<CleanupReport> {
    const plan = await this.#decide();
    const suspended = await this.#findSuspension();
    if (suspended !== null) return { dryRun: true, ...toSuspended(plan, suspended) };
    const expired = plan.expired.map(({ backup }) => backup.record);
    const withoutSnapshots = expired.flatMap(({ snapshotId }) => snapshotId ?? []);
    const { reclaimedBytes } = await this.#deps.engine.prune({ dryRun: true, withoutSnapshots }, { signal });
    return { dryRun: true, expiredBackups: expired, kept: toKept(plan), reclaimedBytes, suspended };
  }

  async #clean(agent: Agent, signal: AbortSignal): Promise<CleanupReport> {
    const expired: BackupRecord[] = [];
    const refused = new Map<string, string>();
    while (await this.#expireSome(agent, { expired, refused })) throwIfCancelled(signal);
    const suspended = await this.#findSuspension();
    if (suspended !== null) {
      const report = toSuspended(await this.#decide(), suspended);
      return { dryRun: false, ...report, expiredBackups: expired };
    }
    const request = { dryRun: false, withoutSnapshots: [] };
    const { reclaimedBytes } = await this.#deps.engine.prune(request, { signal });
    const kept = toKept(await this.#decide(), refused);
    return { dryRun: false, expiredBackups: expired, kept, reclaimedBytes, suspended };
  }

  /**
   * Deletes some of what has expired, decided anew: what somebody pins, deletes or restores meanwhile counts.
   * @returns false when nothing is left
   */
  async #expireSome(
    agent: Agent,
    { expired, refused }: { expired: BackupRecord[]; refused: Map<string, string> },
  ): Promise<boolean> {
    const chosen = new Map<string, BackupRecord>();
    const results = await this.#deps.service.expire(agent, async () => {
      if ((await this.#findSuspension()) !== null) return [];
      const plan = await this.#decide();
      const left = plan.expired.filter(({ backup }) => !refused.has(backup.id)).slice(0, BATCH_LENGTH);
      for (const { backup } of left) chosen.set(backup.id, backup.record);
      return [...chosen.keys()];
    });
    for (const { id, error } of results) noteResult({ id, error }, { expired, refused, chosen });
    return results.length > 0;
  }

  async #decide(): Promise<RetentionPlan<RetainedRecord>> {
    const { backups, restores, schedules, downloads, clock } = this.#deps;
    const rules = new Map((await schedules.list()).map((schedule) => [schedule.id, keepRulesOf(schedule)]));
    const unended = await restores.listUnended();
    const validated = await restores.listValidated();
    const records = await backups.listAll();
    const isDownloading = (id: string) => downloads.isDownloading(id);
    const retained = toRetained(records, { unended, validated, isDownloading });
    return planRetention({ backups: retained, schedules: rules, now: clock.now() });
  }

  async #findSuspension(): Promise<string | null> {
    const suspicious = await this.#deps.backups.listSuspicious();
    if (suspicious.length === 0) return null;
    const named = suspicious
      .slice(0, MAX_NAMED)
      .map(({ id, name, suspicion }) => `'${name}' (${id}): ${suspicion}`);
    const more = suspicious.length - named.length;
    const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join('; ');
    return `Nothing is deleted until somebody has looked at what is suspicious, and confirmed it (confirmBackup) or deleted it: ${list}`;
  }
}

function noteResult(
  { id, error }: BatchResult,
  to: { expired: BackupRecord[]; refused: Map<string, string>; chosen: ReadonlyMap<string, BackupRecord> },
): void {
  const record = to.chosen.get(id);
  if (error === null && record !== undefined) to.expired.push(record);
  else to.refused.set(id, error?.message ?? '');
}

function toKept(
  { kept, expired }: RetentionPlan<RetainedRecord>,
  refused: ReadonlyMap<string, string> = new Map(),
): KeptBackup[] {
  return [
    ...kept.map(({ backup, reasons }) => ({ backup: backup.record, reasons })),
    ...expired.flatMap(({ backup, reason }) => {
      const why = refused.get(backup.id);
      return why === undefined ? [] : [{ backup: backup.record, reasons: [`${reason}, but: ${why}`] }];
    }),
  ];
}

/** Everything stays, and what would have gone says so. */
function toSuspended(plan: RetentionPlan<RetainedRecord>, suspended: string): Omit<CleanupReport, 'dryRun'> {
  const spared = new Map(plan.expired.map(({ backup }) => [backup.id, 'the clean-up is suspended']));
  return { expiredBackups: [], kept: toKept(plan, spared), reclaimedBytes: 0, suspended };
}
