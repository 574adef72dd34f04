/**
 * Begins what recurs when its time comes. What recurs, and how far each has come, is stored by timetables: the
 * scheduler only looks, at the next moment that something is due and at least once a minute, so that a clock that
 * is changed, a machine that slept and an entry of another server are noticed.
 */
import type { Clock } from '../shared/clock.js';
import type { WakeTimer } from '../shared/wake-timer.js';
import type { CronCalendar } from './cron-calendar.js';
import { type DueTime, findDue, type TimetableEntry } from './due-time.js';

/** Things of one kind that recur. */
export interface Timetable {
  /** Everything that may become due. */
  list(): Promise<TimetableEntry[]>;
  /**
   * Begins what is due, or decides not to, and stores that `due.at` was dealt with. Resolves when it has begun, not
   * when it has ended. Called again for the same time when it failed, or when the server stopped meanwhile.
   */
  begin(id: string, due: DueTime): Promise<void>;
  /** Stores that times count from `at` on. */
  countFrom(id: string, at: Date): Promise<void>;
}

/** What the scheduler works with. */
export interface SchedulerDeps {
  calendar: CronCalendar;
  clock: Clock;
  timer: WakeTimer;
  /** Told of what could not be listed or begun; it is tried again within a minute. */
  onFailure(error: unknown, id?: string): void;
}

const LONGEST_WAIT_MS = 60_000;
/** Between two looks, whatever is due: a timer may ring a little early. */
const SHORTEST_WAIT_MS = 20;

/** Watches timetables from `start` to `close`. */
export class Scheduler {
  readonly #timetables: readonly Timetable[];
  readonly #deps: SchedulerDeps;
  #cancelTimer: () => void = () => {};
  #looking: Promise<void> | null = null;
  #state: 'new' | 'started' | 'closed' = 'new';
  #lookAgain = false;

  constructor(timetables: readonly Timetable[], deps: SchedulerDeps) {
    this.#timetables = timetables;
    this.#deps = deps;
  }

  /** Begins what is due, also what became due while no server ran, and goes on from there. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.wake();
  }

  /** Looks again now: an entry has changed. */
  wake(): void {
    if (this.#state !== 'started') return;
    this.#cancelTimer();
    this.#lookAgain = true;
    this.#looking ??= this.#look();
  }

  /** Begins nothing more, and waits for what is just being begun. May be called twice. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#cancelTimer();
    await this.#looking;
  }

  async #look(): Promise<void> {
    let waitMs = LONGEST_WAIT_MS;
    while (this.#lookAgain && this.#state === 'started') {
      this.#lookAgain = false;
      waitMs = LONGEST_WAIT_MS;
      for (const timetable of this.#timetables) waitMs = Math.min(waitMs, await this.#lookAt(timetable));
    }
    this.#looking = null;
    if (this.#state !== 'started') return;
    this.#cancelTimer = this.#deps.timer.set(Math.max(waitMs, SHORTEST_WAIT_MS), () => this.wake());
  }

  /** @returns milliseconds until something of it is due */
  async #lookAt(timetable: Timetable): Promise<number> {
    let waitMs = LONGEST_WAIT_MS;
    try {
      for (const entry of await timetable.list()) {
        if (this.#state !== 'started') break;
        waitMs = Math.min(waitMs, await this.#lookAtEntry(timetable, entry));
      }
    } catch (error) {
      this.#deps.onFailure(error);
    }
    return waitMs;
  }

  async #lookAtEntry(timetable: Timetable, entry: TimetableEntry): Promise<number> {
    const { calendar, clock, onFailure } = this.#deps;
    const now = clock.now();
    try {
      const { due, nextAt, isReset } = findDue(entry, now, calendar);
      if (due !== null) await timetable.begin(entry.id, due);
      else if (isReset) await timetable.countFrom(entry.id, now);
      return nextAt === null ? LONGEST_WAIT_MS : nextAt.getTime() - now.getTime();
    } catch (error) {
      onFailure(error, entry.id);
      return LONGEST_WAIT_MS;
    }
  }
}
