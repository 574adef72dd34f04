/**
 * What retention must keep, found in another way than the server does: one backup at a time, by asking what is newer
 * than it, with time zones read off printed text and weeks counted from the first Monday of the year.
 */
import type { RetainedBackup } from '../../src/services/retention/retained-backup.js';
import { COMPONENTS } from '../../src/shared/component.js';
import type { KeepRules } from '../../src/shared/schedule.js';

/** Whether `backup` must stay. */
export function mustStay(
  backup: RetainedBackup,
  all: readonly RetainedBackup[],
  schedules: ReadonlyMap<string, KeepRules | null>,
  now: Date,
): boolean {
  if (backup.pinned || backup.uses.length > 0) return true;
  if (backup.status === 'QUEUED' || backup.status === 'RUNNING') return true;
  if (now.getTime() < backup.expiresAt.getTime()) return true;
  return isOfFloor(backup, all, now) || isRuled(backup, all, schedules, now);
}

/** Whether `backup` is one of those that may never go. */
export function isOfFloor(backup: RetainedBackup, all: readonly RetainedBackup[], now: Date): boolean {
  const counted = (other: RetainedBackup) => other.status === 'COMPLETED' && !(other.createdAt > now);
  if (!counted(backup)) return false;
  return COMPONENTS.some((component) => {
    const kinds: ((other: RetainedBackup) => boolean)[] = [
      (other) => other.components.includes(component),
      (other) => other.components.includes(component) && other.trigger !== 'PRE_RESTORE',
      (other) => other.verified.includes(component),
    ];
    return kinds.some(
      (kind) => kind(backup) && !all.some((other) => counted(other) && kind(other) && isNewer(other, backup)),
    );
  });
}

function isRuled(
  backup: RetainedBackup,
  all: readonly RetainedBackup[],
  schedules: ReadonlyMap<string, KeepRules | null>,
  now: Date,
): boolean {
  if (backup.scheduleId === null || backup.status !== 'COMPLETED' || backup.createdAt > now) return false;
  const group = all.filter(
    (other) =>
      other.scheduleId === backup.scheduleId && other.status === 'COMPLETED' && !(other.createdAt > now),
  );
  const newest = group.find((one) => !group.some((other) => isNewer(other, one)));
  const rules = schedules.has(backup.scheduleId)
    ? schedules.get(backup.scheduleId)
    : (newest?.keepRules ?? null);
  if (!rules) return false;
  const newer = group.filter((other) => isNewer(other, backup));
  if (rules.last !== null && newer.length < rules.last) return true;
  const names: [number | null, (at: Date, zone: string) => string][] = [
    [rules.hourly, (at, zone) => `${wall(at, zone).slice(0, 13)} ${shift(at, zone)}`],
    [rules.daily, (at, zone) => wall(at, zone).slice(0, 10)],
    [rules.weekly, (at, zone) => mondayOf(wall(at, zone))],
    [rules.monthly, (at, zone) => wall(at, zone).slice(0, 7)],
    [rules.yearly, (at, zone) => wall(at, zone).slice(0, 4)],
  ];
  return names.some(([count, nameOf]) => {
    if (count === null) return false;
    const own = nameOf(backup.createdAt, rules.timeZone);
    const others = new Set(newer.map(({ createdAt }) => nameOf(createdAt, rules.timeZone)));
    return !others.has(own) && others.size < count;
  });
}

function isNewer(a: RetainedBackup, b: RetainedBackup): boolean {
  const [x, y] = [a.createdAt.getTime(), b.createdAt.getTime()];
  return x > y || (x === y && a.id > b.id);
}

const printers = new Map<string, Intl.DateTimeFormat>();

/** `2026-03-01 14:05:00`, as Swedes write it. */
function wall(at: Date, zone: string): string {
  let printer = printers.get(zone);
  if (printer === undefined) {
    printer = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    printers.set(zone, printer);
  }
  return printer.format(at);
}

/** Minutes that the wall is ahead of UTC. */
function shift(at: Date, zone: string): number {
  const asUtc = Date.parse(`${wall(at, zone).replace(' ', 'T')}Z`);
  return Math.round((asUtc - at.getTime()) / 60_000);
}

/** The date of the Monday on or before a day: as good a name of a week as any. */
function mondayOf(text: string): string {
  const day = new Date(`${text.slice(0, 10)}T12:00:00Z`);
  while (day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}
