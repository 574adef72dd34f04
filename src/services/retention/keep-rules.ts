import { KEEP_PERIODS, type KeepPeriod, type KeepRules } from '../../shared/schedule.js';
import { LocalCalendar } from './calendar-period.js';

/** A backup, as far as keep rules look at it. */
export interface DatedBackup {
  id: string;
  createdAt: Date;
}

/**
 * What keep rules keep, and why. Periods that have no backup are not counted, so that a till that was off for two
 * weeks has as many backups after them as before. The newest backup of a period stands for it.
 * @param newestFirst the COMPLETED backups of one schedule
 */
export function applyKeepRules(
  newestFirst: readonly DatedBackup[],
  rules: KeepRules,
): { id: string; reason: string }[] {
  const calendar = new LocalCalendar(rules.timeZone);
  const last = newestFirst
    .slice(0, rules.last ?? 0)
    .map(({ id }, place) => ({ id, reason: `keep-last ${place + 1} of ${rules.last}` }));
  return [
    ...last,
    ...KEEP_PERIODS.flatMap((period) => keepPeriods(newestFirst, period, { rules, calendar })),
  ];
}

function keepPeriods(
  newestFirst: readonly DatedBackup[],
  period: KeepPeriod,
  { rules, calendar }: { rules: KeepRules; calendar: LocalCalendar },
): { id: string; reason: string }[] {
  const count = rules[period] ?? 0;
  const newestOf = new Map<string, string>();
  for (const { id, createdAt } of newestFirst) {
    if (newestOf.size >= count) break;
    const name = calendar.periodOf(createdAt, period);
    if (!newestOf.has(name)) newestOf.set(name, id);
  }
  return [...newestOf].map(([name, id]) => ({ id, reason: `keep-${period} ${name}` }));
}
