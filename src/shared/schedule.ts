import type { Component } from './component.js';

/** Periods of a calendar that keep rules count, shortest first. */
export const KEEP_PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type KeepPeriod = (typeof KEEP_PERIODS)[number];

/** What keeps backups of a schedule besides their retention. Null: does not. Periods are those of the time zone. */
export interface KeepRules {
  timeZone: string;
  /** The newest so many. */
  last: number | null;
  /** The newest of each of so many hours, days, weeks, months, years that have a backup. */
  hourly: number | null;
  daily: number | null;
  weekly: number | null;
  monthly: number | null;
  yearly: number | null;
}

/** A schedule: backups that make themselves. */
export interface ScheduleRecord {
  id: string;
  name: string;
  /** Five-field cron expression. */
  cron: string;
  /** IANA name. */
  timeZone: string;
  enabled: boolean;
  components: Component[];
  encrypt: boolean;
  compress: boolean;
  retentionDays: number;
  /** 0 to 3600. */
  jitterSeconds: number;
  keepLast: number | null;
  keepHourly: number | null;
  keepDaily: number | null;
  keepWeekly: number | null;
  keepMonthly: number | null;
  keepYearly: number | null;
  /** Told of each run. Whoever has it can pretend to be this schedule: never logged. */
  pingUrl: string | null;
  createdAt: Date;
  /** The latest time of the expression that was dealt with, or from when on times count. */
  dealtWithAt: Date;
  lastRunAt: Date | null;
  lastSkippedAt: Date | null;
  lastSkipReason: string | null;
}

/** The keep rules of a schedule; null when it has none. */
export function keepRulesOf(schedule: ScheduleRecord): KeepRules | null {
  const rules = {
    timeZone: schedule.timeZone,
    last: schedule.keepLast,
    hourly: schedule.keepHourly,
    daily: schedule.keepDaily,
    weekly: schedule.keepWeekly,
    monthly: schedule.keepMonthly,
    yearly: schedule.keepYearly,
  };
  const hasOne = rules.last !== null || KEEP_PERIODS.some((period) => rules[period] !== null);
  return hasOne ? rules : null;
}
