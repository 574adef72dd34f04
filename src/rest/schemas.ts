/**
 * The shapes of REST: what is taken and what is answered, once, for checking requests and for the OpenAPI document.
 * Words are those of GraphQL in lower case.
 */
import { z } from 'zod';
import { COMPONENTS } from '../shared/component.js';
import { BACKUP_STATUSES, BACKUP_TYPES, RESTORE_STATUSES, TRIGGERS } from '../shared/operation.js';

function lower<const Words extends readonly [string, ...string[]]>(words: Words) {
  return words.map((word) => word.toLowerCase()) as { [At in keyof Words]: Lowercase<Words[At]> };
}

/** Whole bytes. */
const bytes = z.int().min(0);
const count = z.int().min(0);
const instant = z.iso.datetime().describe('RFC 3339, in UTC.');
const sha256 = z.string().describe('SHA-256, 64 lower-case hexadecimal digits.');

/** A component in lower case. */
export const component = z.enum(lower(COMPONENTS)).meta({
  id: 'Component',
  description: 'A part of the till that can be backed up and restored on its own.',
});
export const backupType = z.enum(lower(BACKUP_TYPES)).meta({ id: 'BackupType' });
export const backupStatus = z.enum(lower(BACKUP_STATUSES)).meta({ id: 'BackupStatus' });
export const restoreStatus = z.enum(lower(RESTORE_STATUSES)).meta({ id: 'RestoreStatus' });

const operationError = z
  .strictObject({ code: z.string().describe('A code of docs/errors.md.'), message: z.string() })
  .meta({ id: 'OperationError' });

/** One backup. */
export const backup = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    type: backupType,
    status: backupStatus,
    size: bytes.describe('Bytes of source data captured.'),
    storedSize: bytes.describe('Bytes that it added to the storage.'),
    files: count.describe('Files captured.'),
    encrypted: z.boolean(),
    compressed: z.boolean(),
    checksum: sha256.nullable().describe('SHA-256 over the whole backup; null until completed.'),
    components: count.describe('How many components it holds, or was asked to hold.'),
    contents: z
      .array(
        z
          .strictObject({
            component,
            source: z.string().describe('What was captured, without secrets.'),
            size: bytes,
            storedSize: bytes,
            files: count,
            checksum: sha256.nullable(),
          })
          .meta({ id: 'BackupContents' }),
      )
      .describe('What was captured of each component; empty until completed.'),
    trigger: z.enum(lower(TRIGGERS)),
    retentionDays: z.int().min(1).max(365),
    expiresAt: instant,
    pinned: z.boolean(),
    createdAt: instant,
    startedAt: instant.nullable(),
    completedAt: instant.nullable(),
    createdBy: z.string().describe('Subject of the token that asked for it.'),
    notices: z.array(z.string()).describe('What was left out or changed while it was read.'),
    error: operationError.nullable(),
  })
  .meta({ id: 'Backup' });

/** One restore. */
export const restore = z
  .strictObject({
    id: z.string(),
    backupId: z.string(),
    backupName: z.string(),
    status: restoreStatus,
    validated: z.boolean().describe('True once every byte to be restored was checked against its checksum.'),
    components: z.array(component),
    paths: z.array(z.string()).nullable(),
    overwrite: z.boolean(),
    validateOnly: z.boolean(),
    targetPath: z.string().nullable(),
    restorePointId: z.string().nullable().describe('The backup of what was overwritten.'),
    restoredFiles: count,
    skippedFiles: count,
    restoredBytes: bytes,
    createdAt: instant,
    startedAt: instant.nullable(),
    completedAt: instant.nullable(),
    createdBy: z.string(),
    error: operationError.nullable(),
  })
  .meta({ id: 'Restore' });

/** Where a page stands. */
export const pagination = z
  .strictObject({
    page: z.int().min(1),
    limit: z.int().min(1).max(100),
    total: count,
    totalPages: count,
    hasNext: z.boolean(),
    hasPrev: z.boolean(),
  })
  .meta({ id: 'Pagination' });

const answered = { success: z.literal(true), message: z.string() };

/** Answer about one backup. */
export const backupAnswer = z.strictObject({ ...answered, backup }).meta({ id: 'BackupAnswer' });
/** Answer about one restore. */
export const restoreAnswer = z.strictObject({ ...answered, restore }).meta({ id: 'RestoreAnswer' });
/** Answer to a deletion. */
export const deletedAnswer = z
  .strictObject({ ...answered, deletedId: z.string() })
  .meta({ id: 'DeletedAnswer' });

/** A page of backups. */
export const backupList = z
  .strictObject({
    success: z.literal(true),
    backups: z.array(backup),
    pagination,
    summary: z
      .strictObject({
        total: count,
        completed: count,
        failed: count,
        running: count.describe('Those that wait as well.'),
        totalSize: bytes,
        totalStoredSize: bytes,
        oldest: instant.nullable(),
        newest: instant.nullable(),
      })
      .meta({ id: 'BackupSummary', description: 'Over everything that matches, not only the page.' }),
  })
  .meta({ id: 'BackupList' });

/** A page of restores. */
export const restoreList = z
  .strictObject({
    success: z.literal(true),
    restores: z.array(restore),
    pagination,
    summary: z
      .strictObject({
        total: count,
        completed: count,
        failed: count,
        running: count.describe('Those that wait as well.'),
        rolledBack: count,
        validated: count,
      })
      .meta({ id: 'RestoreSummary', description: 'Over everything that matches, not only the page.' }),
  })
  .meta({ id: 'RestoreList' });

/** Every error of REST. */
export const errorAnswer = z
  .strictObject({
    error: z.string().describe('What the HTTP status is called.'),
    message: z.string().describe('What was expected, what was found, and what to do.'),
    code: z.string().describe('A code of docs/errors.md.'),
    problems: z.array(z.string()).optional().describe('Everything that is wrong with the request.'),
    backup: backup.optional().describe('The backup that failed.'),
    restore: restore.optional().describe('The restore that failed.'),
    details: z.string().optional().describe('Stack trace, in development only.'),
  })
  .meta({ id: 'Error' });

/** The OpenAPI document itself. */
export const openApiAnswer = z
  .looseObject({ openapi: z.literal('3.1.0') })
  .meta({ id: 'OpenApiDocument', description: 'An OpenAPI 3.1 document.' });
