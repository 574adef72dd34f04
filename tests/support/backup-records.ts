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
    idempotencyKey: null,
    ...changes,
  };
}
