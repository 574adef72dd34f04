import type { ProgressEvent } from '../db/progress-repository.js';
import type { BackupProgressRecord, RestoreProgressRecord } from '../shared/operation.js';

/** A backup's progress from its stored event. */
export function toBackupProgress(event: ProgressEvent): BackupProgressRecord {
  const { operationId, status, phase, ...fields } = event;
  return {
    backupId: operationId,
    status: status as BackupProgressRecord['status'],
    phase: phase as BackupProgressRecord['phase'],
    ...fields,
  };
}

/** A restore's progress from its stored event. */
export function toRestoreProgress(event: ProgressEvent): RestoreProgressRecord {
  const { operationId, status, phase, storedBytes, ...fields } = event;
  return {
    restoreId: operationId,
    status: status as RestoreProgressRecord['status'],
    phase: phase as RestoreProgressRecord['phase'],
    ...fields,
  };
}
