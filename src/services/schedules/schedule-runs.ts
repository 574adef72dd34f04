/**
 * The timetable of the schedules: makes the backup that is due, or says why not.
 *
 * A backup is asked for with a key made of the schedule and the time, and only then is the time stored as dealt with.
 * A server that stops in between asks again and gets the same backup, so that no time makes two backups or none.
 */
import type { BackupRepository } from '../../db/backup-repository.js';
import type { ScheduleRepository } from '../../db/schedule-repository.js';
import type { DueTime, TimetableEntry } from '../../jobs/due-time.js';
import type { Timetable } from '../../jobs/scheduler.js';
import type { Clock } from '../../shared/clock.js';
import { COMPONENTS } from '../../shared/component.js';
import type { Agent, BackupRecord } from '../../shared/operation.js';
import { keepRulesOf, type ScheduleRecord } from '../../shared/schedule.js';
import type { RaiseAlert } from '../alert.js';
import type { AuditService } from '../audit-service.js';
import type { BackupService } from '../backup-service.js';
import { LocalCalendar } from '../retention/calendar-period.js';

/** What runs of schedules work with. */
export interface ScheduleRunsDeps {
  schedules: ScheduleRepository;
  backups: Pick<BackupRepository, 'listUnendedOf' | 'findByIdempotencyKey'>;
  service: Pick<BackupService, 'create'>;
  audit: Pick<AuditService, 'record'>;
  clock: Clock;
  raiseAlert: RaiseAlert;
}

/** A run that begins later than this was missed, and is caught up. */
const LATE_MS = 15 * 60 * 1_000;

/** Begins runs of schedules. */
export class ScheduleRuns implements Timetable {
  readonly #deps: ScheduleRunsDeps;

  constructor(deps: ScheduleRunsDeps) {
    this.#deps = deps;
  }

  async list(): Promise<TimetableEntry[]> {
    const schedules = await this.#deps.schedules.list();
    return schedules.filter(({ enabled }) => enabled).map(toTimetableEntry);
  }

  async countFrom(id: string, at: Date): Promise<void> {
    await this.#deps.schedules.recordRun(id, { dealtWithAt: at });
  }

  async begin(id: string, due: DueTime): Promise<void> {
    const { schedules, backups, raiseAlert } = this.#deps;
    const schedule = await schedules.find(id);
    if (!schedule?.enabled || schedule.dealtWithAt >= due.at) return;
    const key = `schedule:${id}:${due.at.toISOString()}`;
    if ((await backups.findByIdempotencyKey(key)) === null) {
      const [unended] = await backups.listUnendedOf(id);
      if (unended !== undefined) return this.#skip(schedule, due, unended);
    }
    await this.make(schedule, due.at, key);
    await schedules.recordRun(id, { dealtWithAt: due.at });
    if (due.lateMs <= LATE_MS) return;
    const message = `The backup '${schedule.name}' of ${toMinutes(due.at)} was missed, since the server did not run then, and is made now: see that the server runs at that time`;
    raiseAlert({ kind: 'backup.missed', subject: id, message });
  }

  /** Queues a backup of `schedule` for the time `at`; with the key of an earlier one, answers that. */
  async make(schedule: ScheduleRecord, at: Date, idempotencyKey: string | null): Promise<BackupRecord> {
    const { service, schedules, clock } = this.#deps;
    const { components, encrypt, compress, retentionDays } = schedule;
    const isFull = components.length === COMPONENTS.length;
    const type = isFull ? ('FULL' as const) : ('PARTIAL' as const);
    const name = `${schedule.name} ${toLocalMinutes(at, schedule.timeZone)}`;
    const input = { type, components, encrypt, compress, retentionDays, name, idempotencyKey };
    const origin = {
      trigger: 'SCHEDULE',
      scheduleId: schedule.id,
      keepRules: keepRulesOf(schedule),
    } as const;
    const backup = await service.create(agentOf(schedule), input, origin);
    await schedules.recordRun(schedule.id, { lastRunAt: clock.now() });
    return backup;
  }

  async #skip(schedule: ScheduleRecord, due: DueTime, unended: BackupRecord): Promise<void> {
    const { schedules, audit, clock, raiseAlert } = this.#deps;
    const { id, name } = schedule;
    const reason = `The backup of ${toMinutes(due.at)} was left out, since '${unended.name}' had not ended`;
    await audit.record({
      actor: agentOf(schedule).subject,
      role: null,
      remoteAddress: null,
      action: 'schedule.skip',
      target: id,
      outcome: 'CONFLICT',
    });
    await schedules.recordRun(id, {
      dealtWithAt: due.at,
      lastSkippedAt: clock.now(),
      lastSkipReason: reason,
    });
    const message = `Schedule '${name}': ${reason}: let it run less often, or see why it takes so long`;
    raiseAlert({ kind: 'backup.missed', subject: id, message });
  }
}

/** A schedule as the scheduler sees it. */
export function toTimetableEntry(schedule: ScheduleRecord): TimetableEntry {
  const { id, cron, timeZone, jitterSeconds, dealtWithAt } = schedule;
  return { id, times: { cron, timeZone, jitterSeconds, seed: id }, dealtWithAt };
}

function agentOf({ name }: ScheduleRecord): Agent {
  return { subject: `schedule:${name}`, role: null, remoteAddress: null };
}

function toMinutes(instant: Date): string {
  return `${instant.toISOString().slice(0, 16)}Z`;
}

/** Such as `2026-03-01 02:30`, by the wall clock of the time zone. */
function toLocalMinutes(instant: Date, timeZone: string): string {
  const { year, month, day, hour, minute } = new LocalCalendar(timeZone).read(instant);
  const [mm, dd, hh, min] = [month, day, hour, minute].map((value) => String(value).padStart(2, '0'));
  return `${year}-${mm}-${dd} ${hh}:${min}`;
}
