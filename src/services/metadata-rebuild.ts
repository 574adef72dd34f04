/** Gives snapshots that the metadata does not know their rows back. Used by the server's start and by `tillvault recover`. */
import type { BackupRepository } from '../db/backup-repository.js';
import type { ProgressEvent } from '../db/progress-repository.js';
import type { SnapshotDescription } from '../engine/index.js';
import type { BackupRecord } from '../shared/operation.js';
import { toBackupOfSnapshot } from './snapshot-labels.js';

/** Rows that are stored in one transaction. */
const BATCH_LENGTH = 500;

/**
 * Stores a COMPLETED backup, with the last event of its progress, for each of `snapshots`, none of which may be known.
 * Can be cut short and called again with what is unknown then.
 * @returns how many were stored
 * @throws StorageError
 */
export async function rebuildBackups(
  backups: Pick<BackupRepository, 'insertAll'>,
  snapshots: readonly SnapshotDescription[],
): Promise<number> {
  const byBackup = new Map(snapshots.map((snapshot) => [snapshot.backupId, snapshot]));
  const records = [...byBackup.values()].map(toBackupOfSnapshot);
  for (let at = 0; at < records.length; at += BATCH_LENGTH) {
    const batch = records.slice(at, at + BATCH_LENGTH);
    await backups.insertAll(batch, batch.map(toLastEvent));
  }
  return records.length;
}

function toLastEvent(backup: BackupRecord): ProgressEvent {
  return {
    operationId: backup.id,
    sequence: 1,
    status: 'COMPLETED',
    phase: 'DONE',
    component: null,
    percent: 100,
    processedBytes: backup.sizeBytes,
    totalBytes: backup.sizeBytes,
    storedBytes: backup.storedBytes,
    processedFiles: backup.fileCount,
    totalFiles: backup.fileCount,
    bytesPerSecond: null,
    etaSeconds: 0,
    message: null,
    at: backup.completedAt ?? backup.createdAt,
  };
}
