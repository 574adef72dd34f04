/** Hours, days, weeks, months and years as the calendar of a time zone has them. */
import type { KeepPeriod } from '../../shared/schedule.js';

/** What a wall clock and a calendar show. */
export interface LocalTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  /** Such as `GMT+2`: tells the two hours apart that have the same name when clocks are put back. */
  offset: string;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Reads instants in one time zone. */
export class LocalCalendar {
  readonly #format: Intl.DateTimeFormat;

  /** @param timeZone IANA name; UTC when this machine does not know it, since periods are better shifted than not kept */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: isKnown(timeZone) ? timeZone : 'UTC',
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      timeZoneName: 'longOffset',
    });
  }

  /** What the wall clock shows at `instant`. */
  read(instant: Date): LocalTime {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = value;
    return {
      year: Number(parts.year),
      month: Number(parts.month),
      day: Number(parts.day),
      hour: Number(parts.hour),
      minute: Number(parts.minute),
      offset: parts.timeZoneName ?? '',
    };
  }

  /**
   * The period that `instant` lies in, by its name: `2026-11-22 14:00 GMT+01:00`, `2026-11-22`, `2026-W47` (weeks
   * begin on Monday and belong to the year of their Thursday, as in ISO 8601), `2026-11`, `2026`.
   */
  periodOf(instant: Date, period: KeepPeriod): string {
    const { year, month, day, hour, offset } = this.read(instant);
    if (period === 'yearly') return pad(year, 4);
    if (period === 'monthly') return `${pad(year, 4)}-${pad(month)}`;
    if (period === 'weekly') return weekOf(year, month, day);
    const date = `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
    return period === 'daily' ? date : `${date} ${pad(hour)}:00 ${offset}`;
  }
}

function isKnown(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function weekOf(year: number, month: number, day: number): string {
  const noon = Date.UTC(year, month - 1, day, 12);
  const daysSinceMonday = (new Date(noon).getUTCDay() + 6) % 7;
  const thursday = new Date(noon + (3 - daysSinceMonday) * DAY_MS);
  const firstOfYear = Date.UTC(thursday.getUTCFullYear(), 0, 1, 12);
  const week = 1 + Math.floor((thursday.getTime() - firstOfYear) / DAY_MS / 7);
  return `${pad(thursday.getUTCFullYear(), 4)}-W${pad(week)}`;
}

function pad(value: number, length = 2): string {
  return String(value).padStart(length, '0');
}
