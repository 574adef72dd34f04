/** Records as REST shows them. */
import type { z } from 'zod';
import type { BackupRecord, RestoreRecord } from '../shared/operation.js';
import { lowerCase } from './inputs.js';
import type { backup, restore } from './schemas.js';

/** A backup as `schemas.backup` describes it. */
export function toBackupView(record: BackupRecord): z.output<typeof backup> {
  return {
    id: record.id,
    name: record.name,
    type: lowerCase(record.type),
    status: lowerCase(record.status),
    size: record.sizeBytes,
    storedSize: record.storedBytes,
    files: record.fileCount,
    encrypted: record.encrypted,
    compressed: record.compressed,
    checksum: record.checksum,
    components: record.components.length || record.requestedComponents.length,
    contents: record.components.map((part) => ({
      component: lowerCase(part.component),
      source: part.source,
      size: part.sizeBytes,
      storedSize: part.storedBytes,
      files: part.fileCount,
      checksum: part.checksum,
    })),
    trigger: lowerCase(record.trigger),
    retentionDays: record.retentionDays,
    expiresAt: record.expiresAt.toISOString(),
    pinned: record.pinned,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    completedAt: record.completedAt?.toISOString() ?? null,
    createdBy: record.createdBy,
    notices: record.notices,
    error: record.error,
  };
}

/** A restore as `schemas.restore` describes it. */
export function toRestoreView(record: RestoreRecord): z.output<typeof restore> {
  return {
    id: record.id,
    backupId: record.backupId,
    backupName: record.backupName,
    status: lowerCase(record.status),
    validated: record.validated,
    components: record.components.map(lowerCase),
    paths: record.paths,
    overwrite: record.overwrite,
    validateOnly: record.validateOnly,
    targetPath: record.targetPath,
    restorePointId: record.restorePointId,
    restoredFiles: record.restoredFiles,
    skippedFiles: record.skippedFiles,
    restoredBytes: record.restoredBytes,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    completedAt: record.completedAt?.toISOString() ?? null,
    createdBy: record.createdBy,
    error: record.error,
  };
}
