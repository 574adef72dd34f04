import type { ProgressEvent } from '../../src/db/progress-repository.js';
import type { BackupRecord } from '../../src/shared/operation.js';

/** A backup that waits, but for `changes`. */
export function makeQueuedBackup(changes: Partial<BackupRecord> = {}): BackupRecord {
  const createdAt = new Date('2026-03-01T10:00:00.000Z');
  return {
    id: 'backup-1',
    name: 'Till 1',
    type: 'FULL',
    status: 'QUEUED',
    trigger: 'MANUAL',
    requestedComponents: ['DATABASE', 'CONFIG', 'CACHE', 'FILES'],
    components: [],
    sizeBytes: 0,
    storedBytes: 0,
    fileCount: 0,
    encrypted: true,
    compressed: true,
    compressionLevel: null,
    checksum: null,
    retentionDays: 30,
    expiresAt: new Date(createdAt.getTime() + 30 * 86_400_000),
    pinned: false,
    createdAt,
    startedAt: null,
    completedAt: null,
    createdBy: 'alice',
    error: null,
    notices: [],
    snapshotId: null,
    scheduleId: null,
    keepRules: null,
    suspicion: null,
    confirmedAt: null,
    idempotencyKey: null,
    ...changes,
  };
}

/** An event of an operation that runs. */
export function makeEvent(operationId: string, sequence: number): ProgressEvent {
  return {
    operationId,
    sequence,
    status: 'RUNNING',
    phase: 'CAPTURING',
    component: null,
    percent: 1,
    processedBytes: sequence,
    totalBytes: 2 ** 53 - 1,
    storedBytes: 0,
    processedFiles: 0,
    totalFiles: 1,
    bytesPerSecond: null,
    etaSeconds: null,
    message: null,
    at: new Date('2026-03-01T10:00:00.000Z'),
  };
}
