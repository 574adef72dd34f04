import type { RecurringTaskRepository } from '../db/recurring-task-repository.js';
import type { CronCalendar } from '../jobs/cron-calendar.js';
import type { DueTime, TimetableEntry } from '../jobs/due-time.js';
import type { Timetable } from '../jobs/scheduler.js';
import type { Clock } from '../shared/clock.js';
import { AppError, CancelledError, InvalidInputError } from '../shared/errors.js';

/** Something that the server does by itself at the times of an expression. */
export interface RecurringTask {
  /** Identifies it in the metadata. */
  name: string;
  /** The variable that holds `cron`. */
  setting: string;
  /** Five fields. */
  cron: string;
  /** IANA name. */
  timeZone: string;
  /** Does it once, and ends soon after `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What recurring tasks work with. */
export interface RecurringTasksDeps {
  recurringTasks: RecurringTaskRepository;
  calendar: Pick<CronCalendar, 'check'>;
  clock: Clock;
  /** Told of a task that failed, by its name; it is done again at its next time. */
  onFailure(error: unknown, name: string): void;
}

/**
 * The timetable of what the configuration asks for. A time that was missed while the server was down is caught up
 * once; while a task runs, its next time is left out.
 */
export class RecurringTasks implements Timetable {
  readonly #tasks: ReadonlyMap<string, RecurringTask>;
  readonly #deps: RecurringTasksDeps;
  readonly #running = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  /** @throws InvalidInputError naming the setting whose expression is wrong */
  constructor(tasks: readonly RecurringTask[], deps: RecurringTasksDeps) {
    for (const task of tasks) checkTimes(task, deps);
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    this.#deps = deps;
  }

  async list(): Promise<TimetableEntry[]> {
    const entries: TimetableEntry[] = [];
    for (const { name, cron, timeZone } of this.#tasks.values()) {
      const times = { cron, timeZone, jitterSeconds: 0, seed: name };
      entries.push({ id: name, times, dealtWithAt: await this.#findStart(name) });
    }
    return entries;
  }

  async countFrom(name: string, at: Date): Promise<void> {
    await this.#deps.recurringTasks.record(name, at);
  }

  async begin(name: string, due: DueTime): Promise<void> {
    const task = this.#tasks.get(name);
    if (task === undefined) return;
    await this.#deps.recurringTasks.record(name, due.at);
    if (this.#running.has(name) || this.#closing.signal.aborted) return;
    this.#running.set(name, this.#run(task));
  }

  /** Aborts what runs and waits until it has ended. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new CancelledError('The server is shutting down'));
    await Promise.all(this.#running.values());
  }

  async #run(task: RecurringTask): Promise<void> {
    try {
      await task.run(this.#closing.signal);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#deps.onFailure(error, task.name);
    } finally {
      this.#running.delete(task.name);
    }
  }

  /** A task that is new counts from now on. */
  async #findStart(name: string): Promise<Date> {
    const { recurringTasks, clock } = this.#deps;
    const known = await recurringTasks.find(name);
    if (known !== null) return known;
    const now = clock.now();
    await recurringTasks.record(name, now);
    return now;
  }
}

function checkTimes(
  { name, setting, cron, timeZone }: RecurringTask,
  { calendar, clock }: Pick<RecurringTasksDeps, 'calendar' | 'clock'>,
): void {
  try {
    calendar.check({ cron, timeZone, jitterSeconds: 0, seed: name }, clock.now());
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new InvalidInputError(`${setting}: ${error.message}`, { cause: error });
  }
}
