/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Whether the webhook has been told of an alert. */
export type AlertDeliveryState =
  /** The webhook did not take it for three days, and it was given up. */
  | 'ABANDONED'
  /** The webhook has taken it. */
  | 'DELIVERED'
  /** Nobody is to be told: no webhook was configured when it was raised. */
  | 'NONE'
  /** The webhook has not taken it yet; it is tried again. */
  | 'PENDING';

/** What an administrator can be told of. */
export type AlertKind =
  /** A backup ended without success. */
  | 'BACKUP_FAILED'
  /** A schedule could not run when it was due. */
  | 'BACKUP_MISSED'
  /** A component has had no good backup for too long. */
  | 'BACKUP_OVERDUE'
  /** A backup holds something very different from those before it. */
  | 'BACKUP_SUSPICIOUS'
  /** A backup could not be restored for a test. */
  | 'RESTORE_TEST_FAILED'
  /** The backup storage is nearly full. */
  | 'STORAGE_LOW'
  /** Stored data is damaged or missing. */
  | 'VERIFICATION_FAILED';

/** Format of a downloaded backup. */
export type ArchiveFormat =
  /** A tar archive, not compressed. */
  | 'TAR'
  /** A tar archive compressed with gzip. */
  | 'TAR_GZ'
  /** A tar archive compressed with zstd. */
  | 'TAR_ZST'
  /** A ZIP archive. */
  | 'ZIP';

/** Which entries to list: those that meet every condition given. */
export type AuditFilter = {
  /** Only entries with this action, such as auth.denied. */
  action?: string | null | undefined;
  /** Only entries of this actor. */
  actor?: string | null | undefined;
  /** Only entries of this instant or later. */
  after?: string | null | undefined;
  /** Only entries of this instant or earlier. */
  before?: string | null | undefined;
  /** Only entries about this backup, restore or operation. */
  target?: string | number | null | undefined;
};

/** Which backups to list: those that meet every condition given. */
export type BackupFilter = {
  /** Only backups of this component. */
  component?: Component | null | undefined;
  /** Only backups asked for at this instant or later. */
  createdAfter?: string | null | undefined;
  /** Only backups asked for at this instant or earlier. */
  createdBefore?: string | null | undefined;
  /** Only pinned backups (true) or only others (false). */
  pinned?: boolean | null | undefined;
  /** Case-insensitive part of the name. */
  search?: string | null | undefined;
  /** Only backups in one of these states. */
  status?: Array<BackupStatus> | null | undefined;
  /** Only backups of this type. */
  type?: BackupType | null | undefined;
};

/** What a backup is doing. */
export type BackupPhase =
  /** Reads the till and stores what is new. */
  | 'CAPTURING'
  /** Ended, with or without success. */
  | 'DONE'
  /** Writes the index and the snapshot that makes the backup count. */
  | 'FINALIZING'
  /** Waits for its turn. */
  | 'QUEUED'
  /** Finds out what there is to capture. */
  | 'SCANNING';

/** Order of a list of backups. */
export type BackupSort = {
  /** Which end comes first. */
  direction?: SortDirection;
  /** What to sort by. */
  field?: BackupSortField;
};

/** What a list of backups is sorted by. */
export type BackupSortField =
  /** When the backup was asked for. */
  | 'CREATED_AT'
  /** When the backup expires. */
  | 'EXPIRES_AT'
  /** The name. */
  | 'NAME'
  /** Bytes of source data captured. */
  | 'SIZE_BYTES';

/** Where a backup stands. */
export type BackupStatus =
  /** Was cancelled before it ended. */
  | 'CANCELLED'
  /** Ended with success; can be restored. */
  | 'COMPLETED'
  /** Ended without success; `error` says why. */
  | 'FAILED'
  /** Waits for its turn. */
  | 'QUEUED'
  /** Is being taken. */
  | 'RUNNING';

/** How much of the till a backup holds. */
export type BackupType =
  /** All four components. */
  | 'FULL'
  /** The components that were asked for. */
  | 'PARTIAL';

/** A part of the point-of-sale system that can be backed up and restored on its own. */
export type Component =
  /** The cache folders. */
  | 'CACHE'
  /** The configuration files and folders. */
  | 'CONFIG'
  /** The database of the till, captured at one moment. */
  | 'DATABASE'
  /** The other files: receipts, pictures, documents. */
  | 'FILES';

/** What to back up, and how. */
export type CreateBackupInput = {
  /** Required for PARTIAL; for FULL absent or all four. */
  components?: Array<Component> | null | undefined;
  /** Whether to compress with zstd. */
  compress?: boolean;
  /** zstd level, 1 to 19; default set by the server. */
  compressionLevel?: number | null | undefined;
  /** Whether to encrypt with AES-256-GCM. */
  encrypt?: boolean;
  /** A second request with the same key returns the first one's backup. */
  idempotencyKey?: string | null | undefined;
  /** 1 to 120 characters; default backup-YYYY-MM-DD-xxxxxx. */
  name?: string | null | undefined;
  /** Days to keep it, 1 to 365. */
  retentionDays?: number;
  /** How much of the till to back up. */
  type?: BackupType;
};

/** What to restore, and where to. */
export type CreateRestoreInput = {
  /** The backup to restore from; it must be COMPLETED. */
  backupId: string | number;
  /** Absent: every component of the backup. */
  components?: Array<Component> | null | undefined;
  /** A second request with the same key returns the first one's restore. */
  idempotencyKey?: string | null | undefined;
  /** false: existing files stay as they are and are counted as skipped; a database that already holds tables is a CONFLICT, found before anything changes. */
  overwrite?: boolean;
  /** Only these files and folders, 1 to 100, each as the backup names it below a component, such as files/receipts/2025 or files/receipts/2025/1.txt; a folder with everything in it. Bytes that are not UTF-8 text, control characters, quotation marks and backslashes are written \xHH. Several components: each is searched. Not for DATABASE, which is restored whole. A path that the backup does not hold ends the restore with BAD_USER_INPUT before anything changes. Absent: everything. */
  paths?: Array<string> | null | undefined;
  /** true: what a restore in the live place overwrites is backed up first, into a backup with trigger PRE_RESTORE that is kept for 30 days. false: for live data that cannot be read any more. */
  restorePoint?: boolean;
  /** Restores beside the live data, into this folder below the server's restore folder, which must be empty or absent. */
  targetPath?: string | null | undefined;
  /** true: read and check everything, write nothing. */
  validateOnly?: boolean;
};

/** How well something is. */
export type HealthStatus =
  /** It works, and somebody should look at it. */
  | 'DEGRADED'
  /** It does not work. */
  | 'DOWN'
  /** As it should be. */
  | 'OK';

/** Which restores to list: those that meet every condition given. */
export type RestoreFilter = {
  /** Only restores from this backup. */
  backupId?: string | number | null | undefined;
  /** Only restores asked for at this instant or later. */
  createdAfter?: string | null | undefined;
  /** Only restores asked for at this instant or earlier. */
  createdBefore?: string | null | undefined;
  /** Only restores in one of these states. */
  status?: Array<RestoreStatus> | null | undefined;
};

/** What a restore is doing. */
export type RestorePhase =
  /** Checks the staged data: checksums and the integrity of databases. */
  | 'CHECKING'
  /** Ended, with or without success. */
  | 'DONE'
  /** Waits for its turn. */
  | 'QUEUED'
  /** Brings back what was there before. */
  | 'ROLLING_BACK'
  /** Takes the safety backup of what will be overwritten. */
  | 'SNAPSHOTTING'
  /** Writes the restored data beside the target. */
  | 'STAGING'
  /** Puts the staged data in the place of the old. */
  | 'SWAPPING'
  /** Reads, authenticates and hashes every chunk that it needs. */
  | 'VALIDATING';

/** Where a restore stands. */
export type RestoreStatus =
  /** Was cancelled before it ended; the target is as it was. */
  | 'CANCELLED'
  /** Ended with success. */
  | 'COMPLETED'
  /** Ended without success, the target as it was; `error` says why. */
  | 'FAILED'
  /** Waits for its turn. */
  | 'QUEUED'
  /** Stages the restored data beside the target, checks it and swaps it in. */
  | 'RESTORING'
  /** Ended without success after the target was touched; what was there was brought back. */
  | 'ROLLED_BACK'
  /** Reads and checks every byte that is to be restored; nothing is written to the target. */
  | 'VALIDATING';

/** Roles that the point-of-sale system puts into its tokens. */
export type Role =
  /** May take, restore and delete backups. */
  | 'ADMIN'
  /** Works at a till; may use no operation of this server. */
  | 'CASHIER'
  /** Runs a shop; may use no operation of this server. */
  | 'MANAGER';

/** What a schedule is to do; updateSchedule replaces all of it. */
export type ScheduleInput = {
  /** What its backups are to hold. */
  components?: Array<Component>;
  /** Whether to compress with zstd. */
  compress?: boolean;
  /** Five-field cron expression: minute, hour, day of month, month, day of week. A fixed time that daylight saving skips is due right after the gap, one that comes twice is due once. */
  cron: string;
  /** false: makes no backups by itself. */
  enabled?: boolean;
  /** Whether to encrypt with AES-256-GCM. */
  encrypt?: boolean;
  /** Puts each run off by up to this many seconds, 0 to 3600, shorter than the time between two runs. */
  jitterSeconds?: number;
  /** Of how many days that have a backup to keep the newest besides, 1 to 1000; null: none. */
  keepDaily?: number | null | undefined;
  /** Of how many hours that have a backup to keep the newest besides, 1 to 1000; null: none. */
  keepHourly?: number | null | undefined;
  /** How many of the newest backups to keep besides, 1 to 1000; null: none. */
  keepLast?: number | null | undefined;
  /** Of how many months that have a backup to keep the newest besides, 1 to 1000; null: none. */
  keepMonthly?: number | null | undefined;
  /** Of how many weeks, from Monday that have a backup to keep the newest besides, 1 to 1000; null: none. */
  keepWeekly?: number | null | undefined;
  /** Of how many years that have a backup to keep the newest besides, 1 to 1000; null: none. */
  keepYearly?: number | null | undefined;
  /** 1 to 100 characters, unlike the name of any other schedule. */
  name: string;
  /** http: or https: URL to tell of each run (Healthchecks): with /start, as it is, or with /fail; null: none. */
  pingUrl?: string | null | undefined;
  /** Days to keep its backups at least, 1 to 365. */
  retentionDays?: number;
  /** IANA time zone, such as Europe/Berlin. */
  timeZone?: string;
};

/** Order of a sorted list. */
export type SortDirection =
  /** Smallest, oldest or first in the alphabet comes first. */
  | 'ASC'
  /** Largest, newest or last in the alphabet comes first. */
  | 'DESC';

/** What caused a backup. */
export type Trigger =
  /** A request over the API. */
  | 'MANUAL'
  /** A restore, as the safety backup of what it was about to overwrite. */
  | 'PRE_RESTORE'
  /** A schedule. */
  | 'SCHEDULE';

/** Where the verification of a backup stands. */
export type VerificationStatus =
  /** At least one chunk is missing or damaged; `error` says which. */
  | 'FAILED'
  /** Every chunk was read, authenticated and hashed. */
  | 'PASSED'
  /** Chunks are being read. */
  | 'RUNNING';

export type AlertPartsFragment = { id: string, kind: AlertKind, subject: string, message: string, count: number, raisedAt: string, lastRaisedAt: string, resolvedAt: string | null, delivery: { state: AlertDeliveryState, attempts: number, lastError: string | null } };

export type AlertsQueryVariables = Exact<{
  page?: number;
  limit?: number;
  open?: boolean | null | undefined;
}>;


export type AlertsQuery = { alerts: { items: Array<{ id: string, kind: AlertKind, subject: string, message: string, count: number, raisedAt: string, lastRaisedAt: string, resolvedAt: string | null, delivery: { state: AlertDeliveryState, attempts: number, lastError: string | null } }>, pagination: { page: number, limit: number, total: number, totalPages: number, hasNext: boolean, hasPrev: boolean } } };

export type AuditLogQueryVariables = Exact<{
  page?: number;
  limit?: number;
  filter?: AuditFilter | null | undefined;
}>;


export type AuditLogQuery = { auditLog: { items: Array<{ id: string, at: string, actor: string, role: Role | null, action: string, target: string | null, outcome: string, remoteAddress: string | null, detail: string | null }>, pagination: { page: number, limit: number, total: number, totalPages: number, hasNext: boolean, hasPrev: boolean } } };

export type AuditVerifyQueryVariables = Exact<{ [key: string]: never; }>;


export type AuditVerifyQuery = { auditVerify: { ok: boolean, checkedEntries: number, firstSequence: number | null, lastSequence: number | null, brokenId: string | null, reason: string | null } };

export type BackupDownloadQueryVariables = Exact<{
  id: string | number;
  format?: ArchiveFormat;
}>;


export type BackupDownloadQuery = { backup: { id: string, downloadUrl: string | null } };

export type BackupPartsFragment = { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null };

export type BackupDetailPartsFragment = { checksum: string | null, notices: Array<string>, suspicion: string | null, confirmedAt: string | null, id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, components: Array<{ component: Component, source: string, sizeBytes: number, storedBytes: number, fileCount: number, checksum: string | null }>, progress: { backupId: string, sequence: number, status: BackupStatus, phase: BackupPhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, storedBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } | null, verification: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string, completedAt: string | null, error: { code: string, message: string } | null } | null, error: { code: string, message: string } | null };

export type BackupProgressSubscriptionVariables = Exact<{
  id: string | number;
  after?: number | null | undefined;
}>;


export type BackupProgressSubscription = { backupProgress: { backupId: string, sequence: number, status: BackupStatus, phase: BackupPhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, storedBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } };

export type BackupProofsQueryVariables = Exact<{
  id: string | number;
}>;


export type BackupProofsQuery = { backup: { id: string, verification: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string, completedAt: string | null, error: { code: string, message: string } | null } | null, restoreTest: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string, completedAt: string | null, version: string | null, components: Array<{ component: Component, files: number, sizeBytes: number, seconds: number, findings: Array<string>, tables: Array<{ name: string, rows: number }> }>, error: { code: string, message: string } | null } | null } };

export type BackupQueryVariables = Exact<{
  id: string | number;
}>;


export type BackupQuery = { backup: { checksum: string | null, notices: Array<string>, suspicion: string | null, confirmedAt: string | null, id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, components: Array<{ component: Component, source: string, sizeBytes: number, storedBytes: number, fileCount: number, checksum: string | null }>, progress: { backupId: string, sequence: number, status: BackupStatus, phase: BackupPhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, storedBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } | null, verification: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string, completedAt: string | null, error: { code: string, message: string } | null } | null, error: { code: string, message: string } | null } };

export type BackupsQueryVariables = Exact<{
  page?: number;
  limit?: number;
  filter?: BackupFilter | null | undefined;
  sort?: BackupSort | null | undefined;
}>;


export type BackupsQuery = { backups: { items: Array<{ id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null }>, pagination: { page: number, limit: number, total: number, totalPages: number, hasNext: boolean, hasPrev: boolean }, summary: { total: number, completed: number, failed: number, running: number, totalSizeBytes: number, totalStoredBytes: number, oldest: string | null, newest: string | null } } };

export type CancelBackupMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelBackupMutation = { cancelBackup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } };

export type CancelRestoreMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelRestoreMutation = { cancelRestore: { id: string, backupId: string, backupName: string, status: RestoreStatus, components: Array<Component>, overwrite: boolean, validateOnly: boolean, validated: boolean, restorePointId: string | null, restoredFiles: number, skippedFiles: number, restoredBytes: number, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, error: { code: string, message: string } | null } };

export type CleanupMutationVariables = Exact<{
  dryRun: boolean;
}>;


export type CleanupMutation = { cleanup: { dryRun: boolean, reclaimedBytes: number, suspended: string | null, expiredBackups: Array<{ id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null }>, kept: Array<{ reasons: Array<string>, backup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } }> } };

export type CloseAlertMutationVariables = Exact<{
  id: string | number;
}>;


export type CloseAlertMutation = { closeAlert: { id: string, kind: AlertKind, subject: string, message: string, count: number, raisedAt: string, lastRaisedAt: string, resolvedAt: string | null, delivery: { state: AlertDeliveryState, attempts: number, lastError: string | null } } };

export type ConfirmBackupMutationVariables = Exact<{
  id: string | number;
}>;


export type ConfirmBackupMutation = { confirmBackup: { checksum: string | null, notices: Array<string>, suspicion: string | null, confirmedAt: string | null, id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, components: Array<{ component: Component, source: string, sizeBytes: number, storedBytes: number, fileCount: number, checksum: string | null }>, progress: { backupId: string, sequence: number, status: BackupStatus, phase: BackupPhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, storedBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } | null, verification: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string, completedAt: string | null, error: { code: string, message: string } | null } | null, error: { code: string, message: string } | null } };

export type CreateBackupMutationVariables = Exact<{
  input: CreateBackupInput;
}>;


export type CreateBackupMutation = { createBackup: { backup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } } };

export type CreateRestoreMutationVariables = Exact<{
  input: CreateRestoreInput;
}>;


export type CreateRestoreMutation = { createRestore: { restore: { id: string, backupId: string, backupName: string, status: RestoreStatus, components: Array<Component>, overwrite: boolean, validateOnly: boolean, validated: boolean, restorePointId: string | null, restoredFiles: number, skippedFiles: number, restoredBytes: number, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, error: { code: string, message: string } | null } } };

export type CreateScheduleMutationVariables = Exact<{
  input: ScheduleInput;
}>;


export type CreateScheduleMutation = { createSchedule: { id: string, name: string, cron: string, timeZone: string, enabled: boolean, components: Array<Component>, encrypt: boolean, compress: boolean, retentionDays: number, jitterSeconds: number, keepLast: number | null, keepHourly: number | null, keepDaily: number | null, keepWeekly: number | null, keepMonthly: number | null, keepYearly: number | null, pingUrl: string | null, nextRunAt: string | null, nextRuns: Array<string>, lastRunAt: string | null, lastSkippedAt: string | null, lastSkipReason: string | null, lastBackup: { id: string, name: string, status: BackupStatus, createdAt: string, completedAt: string | null } | null } };

export type DeleteBackupMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteBackupMutation = { deleteBackup: { deletedId: string } };

export type DeleteBackupsMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type DeleteBackupsMutation = { deleteBackups: Array<{ id: string, error: { code: string, message: string } | null }> };

export type DeleteScheduleMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteScheduleMutation = { deleteSchedule: string };

export type HealthQueryVariables = Exact<{ [key: string]: never; }>;


export type HealthQuery = { health: { status: HealthStatus, version: string, uptimeSeconds: number, checks: Array<{ name: string, status: HealthStatus, message: string | null }> } };

export type OperationChangedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type OperationChangedSubscription = { operationChanged:
    | { id: string, name: string, sizeBytes: number, storedBytes: number, completedAt: string | null, backupStatus: BackupStatus, error: { code: string, message: string } | null }
    | { id: string, backupId: string, backupName: string, restoredFiles: number, restoredBytes: number, completedAt: string | null, restoreStatus: RestoreStatus, error: { code: string, message: string } | null }
   };

export type PaginationPartsFragment = { page: number, limit: number, total: number, totalPages: number, hasNext: boolean, hasPrev: boolean };

export type PinBackupMutationVariables = Exact<{
  id: string | number;
  pinned: boolean;
}>;


export type PinBackupMutation = { pinBackup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } };

export type BackupProgressPartsFragment = { backupId: string, sequence: number, status: BackupStatus, phase: BackupPhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, storedBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string };

export type RestoreProgressPartsFragment = { restoreId: string, sequence: number, status: RestoreStatus, phase: RestorePhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string };

export type RepositoryVerificationQueryVariables = Exact<{ [key: string]: never; }>;


export type RepositoryVerificationQuery = { repositoryVerification: { days: number, isRunning: boolean, objects: number, totalBytes: number, checkedBytes: number, coveredPercent: number, oldestAt: string | null, damagedObjects: number } };

export type RestorePartsFragment = { id: string, backupId: string, backupName: string, status: RestoreStatus, components: Array<Component>, overwrite: boolean, validateOnly: boolean, validated: boolean, restorePointId: string | null, restoredFiles: number, skippedFiles: number, restoredBytes: number, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, error: { code: string, message: string } | null };

export type RestoreProgressSubscriptionVariables = Exact<{
  id: string | number;
  after?: number | null | undefined;
}>;


export type RestoreProgressSubscription = { restoreProgress: { restoreId: string, sequence: number, status: RestoreStatus, phase: RestorePhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } };

export type RestoreQueryVariables = Exact<{
  id: string | number;
}>;


export type RestoreQuery = { restore: { id: string, backupId: string, backupName: string, status: RestoreStatus, components: Array<Component>, overwrite: boolean, validateOnly: boolean, validated: boolean, restorePointId: string | null, restoredFiles: number, skippedFiles: number, restoredBytes: number, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, backup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } | null, progress: { restoreId: string, sequence: number, status: RestoreStatus, phase: RestorePhase, component: Component | null, percent: number, processedBytes: number, totalBytes: number, processedFiles: number, totalFiles: number, bytesPerSecond: number, etaSeconds: number | null, message: string | null, at: string } | null, error: { code: string, message: string } | null } };

export type RestoresQueryVariables = Exact<{
  page?: number;
  limit?: number;
  filter?: RestoreFilter | null | undefined;
}>;


export type RestoresQuery = { restores: { items: Array<{ id: string, backupId: string, backupName: string, status: RestoreStatus, components: Array<Component>, overwrite: boolean, validateOnly: boolean, validated: boolean, restorePointId: string | null, restoredFiles: number, skippedFiles: number, restoredBytes: number, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, error: { code: string, message: string } | null }>, pagination: { page: number, limit: number, total: number, totalPages: number, hasNext: boolean, hasPrev: boolean }, summary: { total: number, completed: number, failed: number, running: number, rolledBack: number, validated: number } } };

export type RunScheduleMutationVariables = Exact<{
  id: string | number;
}>;


export type RunScheduleMutation = { runSchedule: { backup: { id: string, name: string, type: BackupType, status: BackupStatus, trigger: Trigger, sizeBytes: number, storedBytes: number, fileCount: number, encrypted: boolean, compressed: boolean, retentionDays: number, expiresAt: string, pinned: boolean, createdAt: string, startedAt: string | null, completedAt: string | null, createdBy: string, scheduleId: string | null, suspicious: boolean, error: { code: string, message: string } | null } } };

export type SchedulePartsFragment = { id: string, name: string, cron: string, timeZone: string, enabled: boolean, components: Array<Component>, encrypt: boolean, compress: boolean, retentionDays: number, jitterSeconds: number, keepLast: number | null, keepHourly: number | null, keepDaily: number | null, keepWeekly: number | null, keepMonthly: number | null, keepYearly: number | null, pingUrl: string | null, nextRunAt: string | null, nextRuns: Array<string>, lastRunAt: string | null, lastSkippedAt: string | null, lastSkipReason: string | null, lastBackup: { id: string, name: string, status: BackupStatus, createdAt: string, completedAt: string | null } | null };

export type SchedulesQueryVariables = Exact<{ [key: string]: never; }>;


export type SchedulesQuery = { schedules: Array<{ id: string, name: string, cron: string, timeZone: string, enabled: boolean, components: Array<Component>, encrypt: boolean, compress: boolean, retentionDays: number, jitterSeconds: number, keepLast: number | null, keepHourly: number | null, keepDaily: number | null, keepWeekly: number | null, keepMonthly: number | null, keepYearly: number | null, pingUrl: string | null, nextRunAt: string | null, nextRuns: Array<string>, lastRunAt: string | null, lastSkippedAt: string | null, lastSkipReason: string | null, lastBackup: { id: string, name: string, status: BackupStatus, createdAt: string, completedAt: string | null } | null }> };

export type StorageQueryVariables = Exact<{ [key: string]: never; }>;


export type StorageQuery = { storage: { location: string, usedBytes: number, freeBytes: number | null, sizeBytes: number, reductionRatio: number } };

export type TestRestoreMutationVariables = Exact<{
  id: string | number;
}>;


export type TestRestoreMutation = { testRestore: { id: string, status: VerificationStatus, startedAt: string } };

export type UpdateScheduleMutationVariables = Exact<{
  id: string | number;
  input: ScheduleInput;
}>;


export type UpdateScheduleMutation = { updateSchedule: { id: string, name: string, cron: string, timeZone: string, enabled: boolean, components: Array<Component>, encrypt: boolean, compress: boolean, retentionDays: number, jitterSeconds: number, keepLast: number | null, keepHourly: number | null, keepDaily: number | null, keepWeekly: number | null, keepMonthly: number | null, keepYearly: number | null, pingUrl: string | null, nextRunAt: string | null, nextRuns: Array<string>, lastRunAt: string | null, lastSkippedAt: string | null, lastSkipReason: string | null, lastBackup: { id: string, name: string, status: BackupStatus, createdAt: string, completedAt: string | null } | null } };

export type VerifyBackupMutationVariables = Exact<{
  id: string | number;
}>;


export type VerifyBackupMutation = { verifyBackup: { id: string, status: VerificationStatus, checkedBytes: number, startedAt: string } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const AlertPartsFragmentDoc = new TypedDocumentString(`
    fragment AlertParts on Alert {
  id
  kind
  subject
  message
  count
  raisedAt
  lastRaisedAt
  resolvedAt
  delivery {
    state
    attempts
    lastError
  }
}
    `, {"fragmentName":"AlertParts"}) as unknown as TypedDocumentString<AlertPartsFragment, unknown>;
export const BackupPartsFragmentDoc = new TypedDocumentString(`
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
    `, {"fragmentName":"BackupParts"}) as unknown as TypedDocumentString<BackupPartsFragment, unknown>;
export const BackupProgressPartsFragmentDoc = new TypedDocumentString(`
    fragment BackupProgressParts on BackupProgress {
  backupId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  storedBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}
    `, {"fragmentName":"BackupProgressParts"}) as unknown as TypedDocumentString<BackupProgressPartsFragment, unknown>;
export const BackupDetailPartsFragmentDoc = new TypedDocumentString(`
    fragment BackupDetailParts on Backup {
  ...BackupParts
  checksum
  notices
  suspicion
  confirmedAt
  components {
    component
    source
    sizeBytes
    storedBytes
    fileCount
    checksum
  }
  progress {
    ...BackupProgressParts
  }
  verification {
    id
    status
    checkedBytes
    startedAt
    completedAt
    error {
      code
      message
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
fragment BackupProgressParts on BackupProgress {
  backupId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  storedBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}`, {"fragmentName":"BackupDetailParts"}) as unknown as TypedDocumentString<BackupDetailPartsFragment, unknown>;
export const PaginationPartsFragmentDoc = new TypedDocumentString(`
    fragment PaginationParts on Pagination {
  page
  limit
  total
  totalPages
  hasNext
  hasPrev
}
    `, {"fragmentName":"PaginationParts"}) as unknown as TypedDocumentString<PaginationPartsFragment, unknown>;
export const RestoreProgressPartsFragmentDoc = new TypedDocumentString(`
    fragment RestoreProgressParts on RestoreProgress {
  restoreId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}
    `, {"fragmentName":"RestoreProgressParts"}) as unknown as TypedDocumentString<RestoreProgressPartsFragment, unknown>;
export const RestorePartsFragmentDoc = new TypedDocumentString(`
    fragment RestoreParts on Restore {
  id
  backupId
  backupName
  status
  components
  overwrite
  validateOnly
  validated
  restorePointId
  restoredFiles
  skippedFiles
  restoredBytes
  createdAt
  startedAt
  completedAt
  createdBy
  error {
    code
    message
  }
}
    `, {"fragmentName":"RestoreParts"}) as unknown as TypedDocumentString<RestorePartsFragment, unknown>;
export const SchedulePartsFragmentDoc = new TypedDocumentString(`
    fragment ScheduleParts on Schedule {
  id
  name
  cron
  timeZone
  enabled
  components
  encrypt
  compress
  retentionDays
  jitterSeconds
  keepLast
  keepHourly
  keepDaily
  keepWeekly
  keepMonthly
  keepYearly
  pingUrl
  nextRunAt
  nextRuns(count: 5)
  lastRunAt
  lastSkippedAt
  lastSkipReason
  lastBackup {
    id
    name
    status
    createdAt
    completedAt
  }
}
    `, {"fragmentName":"ScheduleParts"}) as unknown as TypedDocumentString<SchedulePartsFragment, unknown>;
export const AlertsDocument = new TypedDocumentString(`
    query Alerts($page: Int! = 1, $limit: Int! = 50, $open: Boolean) {
  alerts(page: $page, limit: $limit, open: $open) {
    items {
      ...AlertParts
    }
    pagination {
      ...PaginationParts
    }
  }
}
    fragment AlertParts on Alert {
  id
  kind
  subject
  message
  count
  raisedAt
  lastRaisedAt
  resolvedAt
  delivery {
    state
    attempts
    lastError
  }
}
fragment PaginationParts on Pagination {
  page
  limit
  total
  totalPages
  hasNext
  hasPrev
}`) as unknown as TypedDocumentString<AlertsQuery, AlertsQueryVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($page: Int! = 1, $limit: Int! = 50, $filter: AuditFilter) {
  auditLog(page: $page, limit: $limit, filter: $filter) {
    items {
      id
      at
      actor
      role
      action
      target
      outcome
      remoteAddress
      detail
    }
    pagination {
      ...PaginationParts
    }
  }
}
    fragment PaginationParts on Pagination {
  page
  limit
  total
  totalPages
  hasNext
  hasPrev
}`) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const AuditVerifyDocument = new TypedDocumentString(`
    query AuditVerify {
  auditVerify {
    ok
    checkedEntries
    firstSequence
    lastSequence
    brokenId
    reason
  }
}
    `) as unknown as TypedDocumentString<AuditVerifyQuery, AuditVerifyQueryVariables>;
export const BackupDownloadDocument = new TypedDocumentString(`
    query BackupDownload($id: ID!, $format: ArchiveFormat! = TAR_ZST) {
  backup(id: $id) {
    id
    downloadUrl(format: $format)
  }
}
    `) as unknown as TypedDocumentString<BackupDownloadQuery, BackupDownloadQueryVariables>;
export const BackupProgressDocument = new TypedDocumentString(`
    subscription BackupProgress($id: ID!, $after: Int) {
  backupProgress(id: $id, after: $after) {
    ...BackupProgressParts
  }
}
    fragment BackupProgressParts on BackupProgress {
  backupId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  storedBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}`) as unknown as TypedDocumentString<BackupProgressSubscription, BackupProgressSubscriptionVariables>;
export const BackupProofsDocument = new TypedDocumentString(`
    query BackupProofs($id: ID!) {
  backup(id: $id) {
    id
    verification {
      id
      status
      checkedBytes
      startedAt
      completedAt
      error {
        code
        message
      }
    }
    restoreTest {
      id
      status
      checkedBytes
      startedAt
      completedAt
      version
      components {
        component
        files
        sizeBytes
        seconds
        tables {
          name
          rows
        }
        findings
      }
      error {
        code
        message
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BackupProofsQuery, BackupProofsQueryVariables>;
export const BackupDocument = new TypedDocumentString(`
    query Backup($id: ID!) {
  backup(id: $id) {
    ...BackupDetailParts
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
fragment BackupDetailParts on Backup {
  ...BackupParts
  checksum
  notices
  suspicion
  confirmedAt
  components {
    component
    source
    sizeBytes
    storedBytes
    fileCount
    checksum
  }
  progress {
    ...BackupProgressParts
  }
  verification {
    id
    status
    checkedBytes
    startedAt
    completedAt
    error {
      code
      message
    }
  }
}
fragment BackupProgressParts on BackupProgress {
  backupId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  storedBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}`) as unknown as TypedDocumentString<BackupQuery, BackupQueryVariables>;
export const BackupsDocument = new TypedDocumentString(`
    query Backups($page: Int! = 1, $limit: Int! = 10, $filter: BackupFilter, $sort: BackupSort) {
  backups(page: $page, limit: $limit, filter: $filter, sort: $sort) {
    items {
      ...BackupParts
    }
    pagination {
      ...PaginationParts
    }
    summary {
      total
      completed
      failed
      running
      totalSizeBytes
      totalStoredBytes
      oldest
      newest
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
fragment PaginationParts on Pagination {
  page
  limit
  total
  totalPages
  hasNext
  hasPrev
}`) as unknown as TypedDocumentString<BackupsQuery, BackupsQueryVariables>;
export const CancelBackupDocument = new TypedDocumentString(`
    mutation CancelBackup($id: ID!) {
  cancelBackup(id: $id) {
    ...BackupParts
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<CancelBackupMutation, CancelBackupMutationVariables>;
export const CancelRestoreDocument = new TypedDocumentString(`
    mutation CancelRestore($id: ID!) {
  cancelRestore(id: $id) {
    ...RestoreParts
  }
}
    fragment RestoreParts on Restore {
  id
  backupId
  backupName
  status
  components
  overwrite
  validateOnly
  validated
  restorePointId
  restoredFiles
  skippedFiles
  restoredBytes
  createdAt
  startedAt
  completedAt
  createdBy
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<CancelRestoreMutation, CancelRestoreMutationVariables>;
export const CleanupDocument = new TypedDocumentString(`
    mutation Cleanup($dryRun: Boolean!) {
  cleanup(dryRun: $dryRun) {
    dryRun
    reclaimedBytes
    suspended
    expiredBackups {
      ...BackupParts
    }
    kept {
      backup {
        ...BackupParts
      }
      reasons
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<CleanupMutation, CleanupMutationVariables>;
export const CloseAlertDocument = new TypedDocumentString(`
    mutation CloseAlert($id: ID!) {
  closeAlert(id: $id) {
    ...AlertParts
  }
}
    fragment AlertParts on Alert {
  id
  kind
  subject
  message
  count
  raisedAt
  lastRaisedAt
  resolvedAt
  delivery {
    state
    attempts
    lastError
  }
}`) as unknown as TypedDocumentString<CloseAlertMutation, CloseAlertMutationVariables>;
export const ConfirmBackupDocument = new TypedDocumentString(`
    mutation ConfirmBackup($id: ID!) {
  confirmBackup(id: $id) {
    ...BackupDetailParts
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
fragment BackupDetailParts on Backup {
  ...BackupParts
  checksum
  notices
  suspicion
  confirmedAt
  components {
    component
    source
    sizeBytes
    storedBytes
    fileCount
    checksum
  }
  progress {
    ...BackupProgressParts
  }
  verification {
    id
    status
    checkedBytes
    startedAt
    completedAt
    error {
      code
      message
    }
  }
}
fragment BackupProgressParts on BackupProgress {
  backupId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  storedBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}`) as unknown as TypedDocumentString<ConfirmBackupMutation, ConfirmBackupMutationVariables>;
export const CreateBackupDocument = new TypedDocumentString(`
    mutation CreateBackup($input: CreateBackupInput!) {
  createBackup(input: $input) {
    backup {
      ...BackupParts
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<CreateBackupMutation, CreateBackupMutationVariables>;
export const CreateRestoreDocument = new TypedDocumentString(`
    mutation CreateRestore($input: CreateRestoreInput!) {
  createRestore(input: $input) {
    restore {
      ...RestoreParts
    }
  }
}
    fragment RestoreParts on Restore {
  id
  backupId
  backupName
  status
  components
  overwrite
  validateOnly
  validated
  restorePointId
  restoredFiles
  skippedFiles
  restoredBytes
  createdAt
  startedAt
  completedAt
  createdBy
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<CreateRestoreMutation, CreateRestoreMutationVariables>;
export const CreateScheduleDocument = new TypedDocumentString(`
    mutation CreateSchedule($input: ScheduleInput!) {
  createSchedule(input: $input) {
    ...ScheduleParts
  }
}
    fragment ScheduleParts on Schedule {
  id
  name
  cron
  timeZone
  enabled
  components
  encrypt
  compress
  retentionDays
  jitterSeconds
  keepLast
  keepHourly
  keepDaily
  keepWeekly
  keepMonthly
  keepYearly
  pingUrl
  nextRunAt
  nextRuns(count: 5)
  lastRunAt
  lastSkippedAt
  lastSkipReason
  lastBackup {
    id
    name
    status
    createdAt
    completedAt
  }
}`) as unknown as TypedDocumentString<CreateScheduleMutation, CreateScheduleMutationVariables>;
export const DeleteBackupDocument = new TypedDocumentString(`
    mutation DeleteBackup($id: ID!) {
  deleteBackup(id: $id) {
    deletedId
  }
}
    `) as unknown as TypedDocumentString<DeleteBackupMutation, DeleteBackupMutationVariables>;
export const DeleteBackupsDocument = new TypedDocumentString(`
    mutation DeleteBackups($ids: [ID!]!) {
  deleteBackups(ids: $ids) {
    id
    error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<DeleteBackupsMutation, DeleteBackupsMutationVariables>;
export const DeleteScheduleDocument = new TypedDocumentString(`
    mutation DeleteSchedule($id: ID!) {
  deleteSchedule(id: $id)
}
    `) as unknown as TypedDocumentString<DeleteScheduleMutation, DeleteScheduleMutationVariables>;
export const HealthDocument = new TypedDocumentString(`
    query Health {
  health {
    status
    version
    uptimeSeconds
    checks {
      name
      status
      message
    }
  }
}
    `) as unknown as TypedDocumentString<HealthQuery, HealthQueryVariables>;
export const OperationChangedDocument = new TypedDocumentString(`
    subscription OperationChanged {
  operationChanged {
    ... on Backup {
      id
      name
      backupStatus: status
      sizeBytes
      storedBytes
      completedAt
      error {
        code
        message
      }
    }
    ... on Restore {
      id
      backupId
      backupName
      restoreStatus: status
      restoredFiles
      restoredBytes
      completedAt
      error {
        code
        message
      }
    }
  }
}
    `) as unknown as TypedDocumentString<OperationChangedSubscription, OperationChangedSubscriptionVariables>;
export const PinBackupDocument = new TypedDocumentString(`
    mutation PinBackup($id: ID!, $pinned: Boolean!) {
  pinBackup(id: $id, pinned: $pinned) {
    ...BackupParts
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<PinBackupMutation, PinBackupMutationVariables>;
export const RepositoryVerificationDocument = new TypedDocumentString(`
    query RepositoryVerification {
  repositoryVerification {
    days
    isRunning
    objects
    totalBytes
    checkedBytes
    coveredPercent
    oldestAt
    damagedObjects
  }
}
    `) as unknown as TypedDocumentString<RepositoryVerificationQuery, RepositoryVerificationQueryVariables>;
export const RestoreProgressDocument = new TypedDocumentString(`
    subscription RestoreProgress($id: ID!, $after: Int) {
  restoreProgress(id: $id, after: $after) {
    ...RestoreProgressParts
  }
}
    fragment RestoreProgressParts on RestoreProgress {
  restoreId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}`) as unknown as TypedDocumentString<RestoreProgressSubscription, RestoreProgressSubscriptionVariables>;
export const RestoreDocument = new TypedDocumentString(`
    query Restore($id: ID!) {
  restore(id: $id) {
    ...RestoreParts
    backup {
      ...BackupParts
    }
    progress {
      ...RestoreProgressParts
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}
fragment RestoreProgressParts on RestoreProgress {
  restoreId
  sequence
  status
  phase
  component
  percent
  processedBytes
  totalBytes
  processedFiles
  totalFiles
  bytesPerSecond
  etaSeconds
  message
  at
}
fragment RestoreParts on Restore {
  id
  backupId
  backupName
  status
  components
  overwrite
  validateOnly
  validated
  restorePointId
  restoredFiles
  skippedFiles
  restoredBytes
  createdAt
  startedAt
  completedAt
  createdBy
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<RestoreQuery, RestoreQueryVariables>;
export const RestoresDocument = new TypedDocumentString(`
    query Restores($page: Int! = 1, $limit: Int! = 10, $filter: RestoreFilter) {
  restores(page: $page, limit: $limit, filter: $filter) {
    items {
      ...RestoreParts
    }
    pagination {
      ...PaginationParts
    }
    summary {
      total
      completed
      failed
      running
      rolledBack
      validated
    }
  }
}
    fragment PaginationParts on Pagination {
  page
  limit
  total
  totalPages
  hasNext
  hasPrev
}
fragment RestoreParts on Restore {
  id
  backupId
  backupName
  status
  components
  overwrite
  validateOnly
  validated
  restorePointId
  restoredFiles
  skippedFiles
  restoredBytes
  createdAt
  startedAt
  completedAt
  createdBy
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<RestoresQuery, RestoresQueryVariables>;
export const RunScheduleDocument = new TypedDocumentString(`
    mutation RunSchedule($id: ID!) {
  runSchedule(id: $id) {
    backup {
      ...BackupParts
    }
  }
}
    fragment BackupParts on Backup {
  id
  name
  type
  status
  trigger
  sizeBytes
  storedBytes
  fileCount
  encrypted
  compressed
  retentionDays
  expiresAt
  pinned
  createdAt
  startedAt
  completedAt
  createdBy
  scheduleId
  suspicious
  error {
    code
    message
  }
}`) as unknown as TypedDocumentString<RunScheduleMutation, RunScheduleMutationVariables>;
export const SchedulesDocument = new TypedDocumentString(`
    query Schedules {
  schedules {
    ...ScheduleParts
  }
}
    fragment ScheduleParts on Schedule {
  id
  name
  cron
  timeZone
  enabled
  components
  encrypt
  compress
  retentionDays
  jitterSeconds
  keepLast
  keepHourly
  keepDaily
  keepWeekly
  keepMonthly
  keepYearly
  pingUrl
  nextRunAt
  nextRuns(count: 5)
  lastRunAt
  lastSkippedAt
  lastSkipReason
  lastBackup {
    id
    name
    status
    createdAt
    completedAt
  }
}`) as unknown as TypedDocumentString<SchedulesQuery, SchedulesQueryVariables>;
export const StorageDocument = new TypedDocumentString(`
    query Storage {
  storage {
    location
    usedBytes
    freeBytes
    sizeBytes
    reductionRatio
  }
}
    `) as unknown as TypedDocumentString<StorageQuery, StorageQueryVariables>;
export const TestRestoreDocument = new TypedDocumentString(`
    mutation TestRestore($id: ID!) {
  testRestore(id: $id) {
    id
    status
    startedAt
  }
}
    `) as unknown as TypedDocumentString<TestRestoreMutation, TestRestoreMutationVariables>;
export const UpdateScheduleDocument = new TypedDocumentString(`
    mutation UpdateSchedule($id: ID!, $input: ScheduleInput!) {
  updateSchedule(id: $id, input: $input) {
    ...ScheduleParts
  }
}
    fragment ScheduleParts on Schedule {
  id
  name
  cron
  timeZone
  enabled
  components
  encrypt
  compress
  retentionDays
  jitterSeconds
  keepLast
  keepHourly
  keepDaily
  keepWeekly
  keepMonthly
  keepYearly
  pingUrl
  nextRunAt
  nextRuns(count: 5)
  lastRunAt
  lastSkippedAt
  lastSkipReason
  lastBackup {
    id
    name
    status
    createdAt
    completedAt
  }
}`) as unknown as TypedDocumentString<UpdateScheduleMutation, UpdateScheduleMutationVariables>;
export const VerifyBackupDocument = new TypedDocumentString(`
    mutation VerifyBackup($id: ID!) {
  verifyBackup(id: $id) {
    id
    status
    checkedBytes
    startedAt
  }
}
    `) as unknown as TypedDocumentString<VerifyBackupMutation, VerifyBackupMutationVariables>;