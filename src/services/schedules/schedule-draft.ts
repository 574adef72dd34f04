import type { CronCalendar } from '../../jobs/cron-calendar.js';
import type { Component } from '../../shared/component.js';
import type { ScheduleRecord } from '../../shared/schedule.js';
import {
  checkComponents,
  checkKeep,
  checkPingUrl,
  checkScheduleName,
  checkWholeNumber,
} from '../input-rules.js';

const MAX_JITTER_SECONDS = 3_600;

/** What a user asks for who wants a schedule; absent and null mean none. */
export interface ScheduleRequest {
  /** 1 to 100 characters, unlike that of any other schedule. */
  name: string;
  cron: string;
  timeZone: string;
  enabled: boolean;
  components: Component[];
  encrypt: boolean;
  compress: boolean;
  /** 1 to 365. */
  retentionDays: number;
  /** 0 to 3600, and shorter than the time between two runs. */
  jitterSeconds: number;
  /** 1 to 1000 each. */
  keepLast?: number | null;
  keepHourly?: number | null;
  keepDaily?: number | null;
  keepWeekly?: number | null;
  keepMonthly?: number | null;
  keepYearly?: number | null;
  pingUrl?: string | null;
}

/** A schedule as it is asked for, without what it has from its runs. */
export type ScheduleDraft = Omit<
  ScheduleRecord,
  'createdAt' | 'dealtWithAt' | 'lastRunAt' | 'lastSkippedAt' | 'lastSkipReason'
>;

/**
 * The schedule `id` that `request` asks for.
 * @throws InvalidInputError naming the field that is wrong
 */
export function draftSchedule(
  id: string,
  request: ScheduleRequest,
  { calendar, now }: { calendar: Pick<CronCalendar, 'check'>; now: Date },
): ScheduleDraft {
  const draft: ScheduleDraft = {
    id,
    name: checkScheduleName(request.name),
    cron: request.cron.trim().replaceAll(/\s+/g, ' '),
    timeZone: request.timeZone,
    enabled: request.enabled,
    components: checkComponents(request.components),
    encrypt: request.encrypt,
    compress: request.compress,
    retentionDays: checkWholeNumber('retentionDays', request.retentionDays, [1, 365]),
    jitterSeconds: checkWholeNumber('jitterSeconds', request.jitterSeconds, [0, MAX_JITTER_SECONDS]),
    keepLast: checkKeep('keepLast', request.keepLast),
    keepHourly: checkKeep('keepHourly', request.keepHourly),
    keepDaily: checkKeep('keepDaily', request.keepDaily),
    keepWeekly: checkKeep('keepWeekly', request.keepWeekly),
    keepMonthly: checkKeep('keepMonthly', request.keepMonthly),
    keepYearly: checkKeep('keepYearly', request.keepYearly),
    pingUrl: checkPingUrl(request.pingUrl),
  };
  calendar.check({ ...draft, seed: id }, now);
  return draft;
}
