import type { CronCalendar, CronTimes } from './cron-calendar.js';

/** Something that recurs, and how far it has come. */
export interface TimetableEntry {
  id: string;
  times: CronTimes;
  /** The latest time that was dealt with, or from when on times count. */
  dealtWithAt: Date;
}

/** A time that has come. */
export interface DueTime {
  /** What the expression says. */
  at: Date;
  /** How long ago it should have begun: long when the server was down. */
  lateMs: number;
}

/** What there is to do about an entry. */
export interface Outlook {
  /** To be done now. Of several that were missed, the latest. */
  due: DueTime | null;
  /** The moment of the next run after that; null when there is none. */
  nextAt: Date | null;
  /** True when times are to count from now on again, since the clock had been far ahead. */
  isReset: boolean;
}

/** Times that were dealt with are not due again when the clock is put back by less than this. */
const MAX_SET_BACK_MS = 24 * 60 * 60 * 1_000;

/**
 * Looks at one entry. No time is due twice, also when the clock was put back by up to a day. By more: the clock had
 * been wrong, and waiting until it is there again could take years, so times count from now on.
 */
export function findDue(
  { times, dealtWithAt }: Omit<TimetableEntry, 'id'>,
  now: Date,
  calendar: Pick<CronCalendar, 'latest' | 'following'>,
): Outlook {
  const isReset = dealtWithAt.getTime() - now.getTime() > MAX_SET_BACK_MS;
  const since = isReset ? now : dealtWithAt;
  const [first] = calendar.following(times, since, 1);
  if (first === undefined || first.runAt > now) return { due: null, nextAt: first?.runAt ?? null, isReset };
  const { at, runAt } = calendar.latest(times, now) ?? first;
  const [next] = calendar.following(times, at, 1);
  return { due: { at, lateMs: now.getTime() - runAt.getTime() }, nextAt: next?.runAt ?? null, isReset };
}
