/** Restore points: backups of what a restore is about to overwrite, made by the engine within the restore. */
import { join } from 'node:path';
import type { RestorePointRequest, SnapshotDescription, UnendedRestore } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import type { RestoreRecord } from '../shared/operation.js';
import type { Random } from '../shared/random.js';

/** How long a restore point is kept, in days. */
const RETENTION_DAYS = 30;

/** What the engine is asked for: the labels are all that its row is made of, now or when it is rebuilt. */
export function draftRestorePoint(
  restore: RestoreRecord,
  { clock, random }: { clock: Clock; random: Random },
): RestorePointRequest {
  const createdAt = clock.now();
  return {
    backupId: random.uuid(),
    labels: {
      name: `before-restore-${createdAt.toISOString().slice(0, 10)}-${restore.id.slice(0, 8)}`,
      trigger: 'PRE_RESTORE',
      createdBy: restore.createdBy,
      createdAt: createdAt.getTime(),
      retentionDays: RETENTION_DAYS,
      restoreId: restore.id,
    },
  };
}

/** How the engine is told of a restore that it may have left something of. */
export function toUnended(restore: RestoreRecord, restoreDir: string): UnendedRestore {
  const { id, components, targetPath, paths } = restore;
  const targetFolder = targetPath === null ? null : join(restoreDir, targetPath);
  return { restoreId: id, components, targetFolder, paths };
}

/** The restore that a snapshot is the restore point of, or null for any other backup. */
export function restoreOf({ labels }: SnapshotDescription): string | null {
  return typeof labels.restoreId === 'string' ? labels.restoreId : null;
}
