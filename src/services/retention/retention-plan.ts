/**
 * Decides which backups stay and which go: a pure function of what there is, so that a dry run shows what a run does.
 *
 * A backup goes only when nothing keeps it. Its own retention keeps it until it expires. The keep rules of its
 * schedule keep it on top of that; those of a schedule that is gone are remembered by its backups. The floor
 * (floor.ts) and whatever is in use stay regardless. Backups dated in the future, by a clock that was wrong, neither
 * take the place of others in keep rules nor count for the floor; they stay until they expire.
 */
import type { KeepRules } from '../../shared/schedule.js';
import { findFloor } from './floor.js';
import { applyKeepRules } from './keep-rules.js';
import type { RetainedBackup } from './retained-backup.js';

/** What is known when a plan is made. */
export interface RetentionState<B extends RetainedBackup> {
  backups: readonly B[];
  /** The keep rules of each schedule that there is; null for one that has none. */
  schedules: ReadonlyMap<string, KeepRules | null>;
  now: Date;
}

/** What stays and what goes, newest first, and why. */
export interface RetentionPlan<B extends RetainedBackup> {
  kept: { backup: B; reasons: string[] }[];
  expired: { backup: B; reason: string }[];
}

/** Makes the plan. */
export function planRetention<B extends RetainedBackup>(state: RetentionState<B>): RetentionPlan<B> {
  const newestFirst = state.backups.toSorted(compareNewestFirst);
  const completed = newestFirst.filter(
    ({ status, createdAt }) => status === 'COMPLETED' && createdAt <= state.now,
  );
  const floor = findFloor(completed);
  const rules = findRuled(completed, state.schedules);
  const plan: RetentionPlan<B> = { kept: [], expired: [] };
  for (const backup of newestFirst) {
    const reasons = [
      ...findOwnReasons(backup, state.now),
      ...(rules.get(backup.id) ?? []),
      ...(floor.get(backup.id) ?? []),
    ];
    if (reasons.length > 0) plan.kept.push({ backup, reasons });
    else
      plan.expired.push({
        backup,
        reason: `expired on ${toSeconds(backup.expiresAt)}, and no rule keeps it`,
      });
  }
  return plan;
}

/** By creation, of the same moment by id: the same order whatever the order they were read in. */
function compareNewestFirst(a: RetainedBackup, b: RetainedBackup): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function findOwnReasons({ status, pinned, uses, expiresAt }: RetainedBackup, now: Date): string[] {
  return [
    ...(status === 'QUEUED' || status === 'RUNNING' ? ['has not ended'] : []),
    ...(pinned ? ['pinned'] : []),
    ...uses,
    ...(expiresAt > now ? [`not expired until ${toSeconds(expiresAt)}`] : []),
  ];
}

/** What keep rules keep, schedule by schedule: reasons by the id of the backup. */
function findRuled(
  newestFirst: readonly RetainedBackup[],
  schedules: ReadonlyMap<string, KeepRules | null>,
): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const [scheduleId, backups] of Map.groupBy(newestFirst, (backup) => backup.scheduleId)) {
    if (scheduleId === null) continue;
    const known = schedules.get(scheduleId);
    const rules = known === undefined ? (backups[0]?.keepRules ?? null) : known;
    if (rules === null) continue;
    for (const { id, reason } of applyKeepRules(backups, rules)) {
      reasons.set(id, [...(reasons.get(id) ?? []), reason]);
    }
  }
  return reasons;
}

function toSeconds(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
