import type { RetainedBackup } from '../../src/services/retention/retained-backup.js';
import type { RetentionState } from '../../src/services/retention/retention-plan.js';
import { COMPONENTS } from '../../src/shared/component.js';
import type { KeepRules } from '../../src/shared/schedule.js';
import { createSeededIntegers } from './seeded-random.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
];
/** Leap days, changes of daylight saving in several places, a day that Samoa left out, the turn of a year. */
const DAYS = [
  '2024-02-28T22:00Z',
  '2026-03-28T20:00Z',
  '2026-10-24T20:00Z',
  '2026-04-04T10:00Z',
  '2025-11-01T20:00Z',
  '2011-12-29T06:00Z',
  '2026-12-30T12:00Z',
];
const STEPS_MS = [15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS];

/** Backups as some months of a till may leave them: outages, equal times, clocks put back and forward. */
export function makeTimeline(seed: string): RetentionState<RetainedBackup> {
  const below = createSeededIntegers(seed);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const isOneIn = (n: number) => below(n) === 0;
  const step = pick(STEPS_MS);
  let atMs = Date.parse(pick(DAYS)) - below(20) * step;
  const rules = () => (isOneIn(4) ? null : makeRules(below, pick(ZONES)));
  const schedules = new Map<string, KeepRules | null>([
    ['nightly', rules()],
    ['hourly', rules()],
  ]);
  if (isOneIn(4)) schedules.delete('hourly');
  const backups: RetainedBackup[] = [];
  const count = below(45);
  for (let number = 0; number < count; number++) {
    backups.push(makeRandomBackup({ number, atMs, below, pick, isOneIn, rules }));
    if (!isOneIn(8)) atMs += step + below(3) * MINUTE_MS - MINUTE_MS;
    if (isOneIn(15)) atMs += below(40) * DAY_MS; // an outage
    if (isOneIn(20)) atMs -= below(30) * HOUR_MS; // the clock is put back
    if (isOneIn(60)) atMs += 2_000 * DAY_MS * (isOneIn(2) ? 1 : -1); // it was wrong by years
  }
  const now = new Date(atMs + (isOneIn(3) ? below(400) * DAY_MS : below(3) * step) - (isOneIn(5) ? step : 0));
  return { backups: shuffle(backups, below), schedules, now };
}

type Below = (limit: number) => number;

function makeRules(below: Below, timeZone: string): KeepRules {
  const some = (most: number) => (below(2) === 0 ? null : 1 + below(most));
  return {
    timeZone,
    last: some(4),
    hourly: some(8),
    daily: some(7),
    weekly: some(4),
    monthly: some(6),
    yearly: some(3),
  };
}

function makeRandomBackup(tools: {
  number: number;
  atMs: number;
  below: Below;
  pick: <T>(values: readonly T[]) => T;
  isOneIn: (n: number) => boolean;
  rules: () => KeepRules | null;
}): RetainedBackup {
  const { number, atMs, below, pick, isOneIn, rules } = tools;
  const status = isOneIn(4) ? pick(['FAILED', 'CANCELLED', 'RUNNING', 'QUEUED'] as const) : 'COMPLETED';
  const components = COMPONENTS.filter(() => !isOneIn(3));
  return {
    id: `${below(16).toString(16)}${number}`,
    status,
    trigger: isOneIn(6) ? 'PRE_RESTORE' : 'SCHEDULE',
    createdAt: new Date(atMs),
    expiresAt: new Date(atMs + (1 + below(60)) * DAY_MS),
    pinned: isOneIn(25),
    components: status === 'COMPLETED' ? components : [],
    verified: status === 'COMPLETED' && isOneIn(5) ? components.filter(() => isOneIn(2)) : [],
    uses: isOneIn(30) ? ['being restored by restore 1'] : [],
    scheduleId: isOneIn(5) ? null : pick(['nightly', 'hourly']),
    keepRules: isOneIn(3) ? null : rules(),
  };
}

function shuffle<T>(values: readonly T[], below: Below): T[] {
  return values
    .map((value) => ({ value, place: below(1_000_000) }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
