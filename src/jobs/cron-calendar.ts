/**
 * Says when things that recur are due. The only file that knows the cron library.
 *
 * Expressions have five fields (minute, hour, day of month, month, day of week) and are read in an IANA time zone.
 * Names (`MON`, `JAN`), ranges, lists, steps, `L` and `#` are understood; with both days given, either will do, as
 * cron has it. Where clocks are put forward, a fixed time that does not exist that day is due at the first moment
 * after the gap; where they are put back, a fixed time that comes twice is due the first time only. An expression
 * with a `*` or a step in its minutes or hours goes by the hours that there are: a skipped hour has no times, and
 * one that comes twice has its times twice.
 */
import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { InvalidInputError } from '../shared/errors.js';

/** When something recurs. */
export interface CronTimes {
  /** Five fields. */
  cron: string;
  /** IANA name, such as `Europe/Berlin`. */
  timeZone: string;
  /** Each run is put off by a time of its own up to this many seconds, the same again for the same run. 0 to 3600. */
  jitterSeconds: number;
  /** What the jitter is drawn from, so that two schedules differ: an id. */
  seed: string;
}

/** A time of an expression, and the moment to run. */
export interface CronTime {
  /** What the expression says. */
  at: Date;
  /** `at` and the jitter. */
  runAt: Date;
}

/** Days of `nextRuns` that validation looks at for the shortest time between two runs. */
const LOOK_AHEAD = 60;
/** Times looked back at for one whose jitter has passed. */
const LOOK_BACK = 3;
const MAX_CRON_LENGTH = 200;

/** Expressions that are kept parsed. */
const MAX_PARSED = 200;

/** Calendars of cron expressions. Holds no timers, and nothing but the expressions that were parsed last. */
export class CronCalendar {
  readonly #parsed = new Map<string, Cron>();

  /**
   * @param now from when on it has to come at least once
   * @throws InvalidInputError naming the field that is wrong
   */
  check(times: CronTimes, now: Date): void {
    const { cron, timeZone, jitterSeconds } = times;
    checkTimeZone(timeZone);
    if (cron.length > MAX_CRON_LENGTH || cron.trim().split(/\s+/).length !== 5) throw toCronError(cron);
    const ahead = this.#open(times).nextRuns(LOOK_AHEAD, now);
    if (ahead.length === 0) {
      throw new InvalidInputError(`cron must name a time that comes, found '${cron}', which never does`, {
        details: { field: 'cron' },
      });
    }
    const gaps = ahead.slice(1).map((at, place) => at.getTime() - (ahead[place] as Date).getTime());
    const shortestSeconds = Math.min(...gaps) / 1_000;
    if (jitterSeconds < shortestSeconds) return;
    throw new InvalidInputError(
      `jitterSeconds must be shorter than the time between two runs, ${shortestSeconds} seconds, found ${jitterSeconds}`,
      { details: { field: 'jitterSeconds' } },
    );
  }

  /** The first `count` times after `after`; fewer when there are no more. */
  following(times: CronTimes, after: Date, count: number): CronTime[] {
    return this.#open(times)
      .nextRuns(count, after)
      .map((at) => ({ at, runAt: delay(at, times) }));
  }

  /** The latest time whose moment to run has come at `now`; null when there never was one. */
  latest(times: CronTimes, now: Date): CronTime | null {
    const justAfter = new Date(now.getTime() + 1);
    const before = this.#open(times)
      .previousRuns(LOOK_BACK, justAfter)
      .map((at) => ({ at, runAt: delay(at, times) }));
    return before.find(({ runAt }) => runAt <= now) ?? null;
  }

  #open({ cron, timeZone }: CronTimes): Cron {
    const key = `${timeZone} ${cron}`;
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    const parsed = parse(cron, timeZone);
    if (this.#parsed.size >= MAX_PARSED) this.#parsed.clear();
    this.#parsed.set(key, parsed);
    return parsed;
  }
}

function parse(cron: string, timeZone: string): Cron {
  try {
    return new Cron(cron.trim(), {
      mode: '5-part',
      timezone: timeZone,
      fixedTimeRule: 'no-wildcard',
      paused: true,
    });
  } catch (cause) {
    throw toCronError(cron, cause);
  }
}

function delay(at: Date, { jitterSeconds, seed }: CronTimes): Date {
  if (jitterSeconds === 0) return at;
  const drawn = createHash('sha256').update(`${seed} ${at.toISOString()}`).digest().readUInt32BE(0);
  return new Date(at.getTime() + (drawn % (jitterSeconds * 1_000 + 1)));
}

function checkTimeZone(timeZone: string): void {
  // Offsets such as +02:00 are taken by Intl but know no daylight saving: an area is what people mean.
  if (/^[A-Za-z][\w+/-]{0,63}$/.test(timeZone)) {
    try {
      new Intl.DateTimeFormat('en', { timeZone });
      return;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new InvalidInputError(
    `timeZone must be an IANA name such as Europe/Berlin, found '${timeZone.slice(0, 64)}'`,
    { details: { field: 'timeZone' } },
  );
}

function toCronError(cron: string, cause?: unknown): InvalidInputError {
  const why = cause instanceof Error ? ` (${cause.message.replace(/^\w+: /, '')})` : '';
  const found = cron.slice(0, MAX_CRON_LENGTH);
  return new InvalidInputError(
    `cron must have the five fields minute, hour, day of month, month and day of week, such as '30 2 * * *', found '${found}'${why}`,
    { details: { field: 'cron' }, cause },
  );
}
