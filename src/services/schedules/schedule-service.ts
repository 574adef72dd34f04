import type { BackupRepository } from '../../db/backup-repository.js';
import type { ScheduleRepository } from '../../db/schedule-repository.js';
import type { CronCalendar } from '../../jobs/cron-calendar.js';
import type { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError } from '../../shared/errors.js';
import { Lane } from '../../shared/lane.js';
import type { Actor, BackupRecord } from '../../shared/operation.js';
import type { Random } from '../../shared/random.js';
import type { ScheduleRecord } from '../../shared/schedule.js';
import type { AuditService } from '../audit-service.js';
import { checkWholeNumber } from '../input-rules.js';
import { draftSchedule, type ScheduleRequest } from './schedule-draft.js';
import { type ScheduleRuns, toTimetableEntry } from './schedule-runs.js';

export type { ScheduleRequest } from './schedule-draft.js';

/** What the schedule service works with. */
export interface ScheduleServiceDeps {
  schedules: ScheduleRepository;
  backups: Pick<BackupRepository, 'findNewestOf' | 'listUnendedOf'>;
  runs: Pick<ScheduleRuns, 'make'>;
  calendar: CronCalendar;
  audit: AuditService;
  clock: Clock;
  random: Random;
  /** Told when a schedule was made or changed. */
  onChange(): void;
}

const MAX_SCHEDULES = 100;
const MAX_RUNS_AHEAD = 100;

/** Everything that users do with schedules. What changes something is audited, and so is every refusal. */
export class ScheduleService {
  readonly #deps: ScheduleServiceDeps;
  /** Changes take turns, so that the number of schedules is what was counted. */
  readonly #changes = new Lane();

  constructor(deps: ScheduleServiceDeps) {
    this.#deps = deps;
  }

  /** Every schedule, by name. */
  list(): Promise<ScheduleRecord[]> {
    return this.#deps.schedules.list();
  }

  /**
   * Makes a schedule, whose first run is the next time that its expression names.
   * @throws InvalidInputError, ConflictError when another has the name, or there are 100 already
   */
  create(actor: Actor, request: ScheduleRequest): Promise<ScheduleRecord> {
    return this.#change(actor, { action: 'schedule.create', target: null }, async () => {
      const { schedules, clock, random } = this.#deps;
      const now = clock.now();
      const draft = draftSchedule(random.uuid(), request, { ...this.#deps, now });
      if ((await schedules.count()) >= MAX_SCHEDULES) {
        throw new ConflictError(`There are ${MAX_SCHEDULES} schedules already: delete one first`);
      }
      const schedule = { ...draft, createdAt: now, dealtWithAt: now, ...NEVER_RUN };
      if (!(await schedules.insert(schedule))) throw toNameTaken(schedule.name);
      return schedule;
    });
  }

  /**
   * Replaces what is asked of a schedule. With other times, or enabled again, times count from now on: nothing is
   * caught up.
   * @throws NotFoundError, InvalidInputError, ConflictError when another has the name
   */
  update(actor: Actor, id: string, request: ScheduleRequest): Promise<ScheduleRecord> {
    return this.#change(actor, { action: 'schedule.update', target: id }, async () => {
      const { schedules, clock } = this.#deps;
      const before = await this.get(id);
      const now = clock.now();
      const draft = draftSchedule(id, request, { ...this.#deps, now });
      const isSame =
        draft.cron === before.cron && draft.timeZone === before.timeZone && draft.enabled === before.enabled;
      if (!(await schedules.update({ ...before, ...draft }, isSame ? null : now))) {
        throw toNameTaken(draft.name);
      }
      return this.get(id);
    });
  }

  /**
   * Deletes a schedule. Its backups stay, under the rules that it had; one that runs goes on.
   * @throws NotFoundError
   */
  delete(actor: Actor, id: string): Promise<void> {
    return this.#change(actor, { action: 'schedule.delete', target: id }, async () => {
      const schedule = await this.get(id);
      await this.#deps.schedules.delete(id);
      return schedule;
    }).then(() => {});
  }

  /**
   * Queues a backup of a schedule now, also of one that is not enabled.
   * @throws NotFoundError, ConflictError while its last one has not ended
   */
  run(actor: Actor, id: string): Promise<BackupRecord> {
    return this.#change(actor, { action: 'schedule.run', target: id }, async () => {
      const { backups, runs, clock } = this.#deps;
      const schedule = await this.get(id);
      const [unended] = await backups.listUnendedOf(id);
      if (unended !== undefined) {
        throw new ConflictError(
          `Backup '${unended.name}' of this schedule has not ended: wait for it, or cancel it`,
        );
      }
      return runs.make(schedule, clock.now(), null);
    });
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<ScheduleRecord> {
    const schedule = await this.#deps.schedules.find(id);
    if (schedule === null) throw new NotFoundError(`There is no schedule '${id}'`);
    return schedule;
  }

  /** The newest backup that a schedule made; null when there is none (any more). */
  lastBackup({ id }: ScheduleRecord): Promise<BackupRecord | null> {
    return this.#deps.backups.findNewestOf(id);
  }

  /**
   * The moments of the next runs, soonest first; none when it is not enabled.
   * @param count 1 to 100
   * @throws InvalidInputError
   */
  nextRuns(schedule: ScheduleRecord, count: number): Date[] {
    const checked = checkWholeNumber('count', count, [1, MAX_RUNS_AHEAD]);
    if (!schedule.enabled) return [];
    const { times, dealtWithAt } = toTimetableEntry(schedule);
    const { calendar, clock } = this.#deps;
    const latest = calendar.latest(times, clock.now())?.at;
    const since = latest !== undefined && latest > dealtWithAt ? latest : dealtWithAt;
    return calendar.following(times, since, checked).map(({ runAt }) => runAt);
  }

  async #change<T extends { id: string }>(
    actor: Actor,
    { action, target }: { action: string; target: string | null },
    perform: () => Promise<T>,
  ): Promise<T> {
    const changed = await this.#deps.audit.watch(
      actor,
      action,
      async () => {
        const result = await this.#changes.run(perform);
        return { result, target: target ?? result.id };
      },
      target,
    );
    this.#deps.onChange();
    return changed;
  }
}

const NEVER_RUN = { lastRunAt: null, lastSkippedAt: null, lastSkipReason: null };

function toNameTaken(name: string): ConflictError {
  return new ConflictError(`There is a schedule '${name}' already: choose another name`);
}
