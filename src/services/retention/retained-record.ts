import type { Component } from '../../shared/component.js';
import type { BackupRecord, RestoreRecord } from '../../shared/operation.js';
import type { RetainedBackup } from './retained-backup.js';

/** What retention looks at of a backup, with the backup itself. */
export interface RetainedRecord extends RetainedBackup {
  record: BackupRecord;
}

/** What is known of backups besides their own rows. */
export interface BackupSurroundings {
  /** Restores that have not ended. */
  unended: readonly Pick<RestoreRecord, 'id' | 'backupId' | 'restorePointId'>[];
  /** What was read to the last byte and found good. */
  validated: readonly { backupId: string; components: readonly Component[] }[];
  isDownloading: (backupId: string) => boolean;
}

/** Backups as retention looks at them. */
export function toRetained(
  records: readonly BackupRecord[],
  { unended, validated, isDownloading }: BackupSurroundings,
): RetainedRecord[] {
  const uses = new Map<string, string[]>();
  const addUse = (id: string, use: string) => uses.set(id, [...(uses.get(id) ?? []), use]);
  for (const { id, backupId, restorePointId } of unended) {
    addUse(backupId, `being restored by restore ${id}`);
    if (restorePointId !== null) addUse(restorePointId, `restore point of restore ${id}`);
  }
  const verified = Map.groupBy(validated, ({ backupId }) => backupId);
  return records.map((record) => ({
    record,
    id: record.id,
    status: record.status,
    trigger: record.trigger,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    pinned: record.pinned,
    components: record.components.map(({ component }) => component),
    verified: (verified.get(record.id) ?? []).flatMap(({ components }) => components),
    uses: [...(uses.get(record.id) ?? []), ...(isDownloading(record.id) ? ['being downloaded'] : [])],
    scheduleId: record.scheduleId,
    keepRules: record.keepRules,
  }));
}
