import type { Component } from './component.js';
import type { KeepRules } from './schedule.js';

/** Who asks: the subject and role of a verified token, and where the request came from. */
export interface Actor {
  subject: string;
  role: Role;
  remoteAddress: string | null;
}

/** Who does something: an actor, or the server by itself, which has no role. */
export type Agent = Omit<Actor, 'role'> & { role: Role | null };

/** Roles that the point-of-sale system puts into its tokens. */
export const ROLES = ['ADMIN', 'MANAGER', 'CASHIER'] as const;
export type Role = (typeof ROLES)[number];

/** All four components, or those that were named. */
export const BACKUP_TYPES = ['FULL', 'PARTIAL'] as const;
export type BackupType = (typeof BACKUP_TYPES)[number];

/** States of a backup; the last three are ends. */
export const BACKUP_STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type BackupStatus = (typeof BACKUP_STATUSES)[number];

/** States of a restore; the last four are ends. */
export const RESTORE_STATUSES = [
  'QUEUED',
  'VALIDATING',
  'RESTORING',
  'COMPLETED',
  'FAILED',
  'ROLLED_BACK',
  'CANCELLED',
] as const;
export type RestoreStatus = (typeof RESTORE_STATUSES)[number];

/** What made a backup begin. */
export const TRIGGERS = ['MANUAL', 'SCHEDULE', 'PRE_RESTORE'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** What a backup is doing, in this order. */
export const BACKUP_PHASES = ['QUEUED', 'SCANNING', 'CAPTURING', 'FINALIZING', 'DONE'] as const;
export type BackupPhase = (typeof BACKUP_PHASES)[number];

/** What a restore is doing, in this order; ROLLING_BACK only when it fails. */
export const RESTORE_PHASES = [
  'QUEUED',
  'VALIDATING',
  'SNAPSHOTTING',
  'STAGING',
  'CHECKING',
  'SWAPPING',
  'ROLLING_BACK',
  'DONE',
] as const;
export type RestorePhase = (typeof RESTORE_PHASES)[number];

/** Why an operation ended without success: a code of `docs/errors.md` and a message for people. */
export interface OperationError {
  code: string;
  message: string;
}

/** What one component of a backup holds. */
export interface BackupComponentRecord {
  component: Component;
  source: string;
  sizeBytes: number;
  storedBytes: number;
  fileCount: number;
  checksum: string | null;
}

/** A backup's metadata; the fields are those of the contract's `Backup`. */
export interface BackupRecord {
  id: string;
  name: string;
  type: BackupType;
  status: BackupStatus;
  trigger: Trigger;
  /** Components asked for; `components` is filled when they are captured. */
  requestedComponents: Component[];
  components: BackupComponentRecord[];
  sizeBytes: number;
  storedBytes: number;
  fileCount: number;
  encrypted: boolean;
  compressed: boolean;
  /** zstd level asked for, or null for the server's default. */
  compressionLevel: number | null;
  checksum: string | null;
  retentionDays: number;
  expiresAt: Date;
  pinned: boolean;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  createdBy: string;
  error: OperationError | null;
  /** What was left out or changed while it was read, one sentence each. */
  notices: string[];
  /** The repository's snapshot object; null until COMPLETED. */
  snapshotId: string | null;
  /** The schedule that made it, which may be deleted since. */
  scheduleId: string | null;
  /** The keep rules that its schedule had, for when the schedule is gone. */
  keepRules: KeepRules | null;
  /** Why its content is suspicious, one sentence or more; null when it is not. */
  suspicion: string | null;
  /** When an administrator said that it is as it should be. */
  confirmedAt: Date | null;
  idempotencyKey: string | null;
}

/** A restore's metadata; the fields are those of the contract's `Restore`. */
export interface RestoreRecord {
  id: string;
  backupId: string;
  backupName: string;
  status: RestoreStatus;
  components: Component[];
  overwrite: boolean;
  validateOnly: boolean;
  /** Files and folders to restore, as the backup names them; null: everything. */
  paths: string[] | null;
  /** Folder below the server's restore folder; null for the live place. */
  targetPath: string | null;
  validated: boolean;
  /** False when it was asked for without a restore point. */
  takesRestorePoint: boolean;
  restorePointId: string | null;
  restoredFiles: number;
  skippedFiles: number;
  restoredBytes: number;
  /** What an administrator should know of what was restored, one sentence each. */
  notices: string[];
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  createdBy: string;
  error: OperationError | null;
  idempotencyKey: string | null;
}

/** Fields that both kinds of progress share. Byte and file counters never go down. */
interface ProgressRecord {
  /** Starts at 1, no gaps. */
  sequence: number;
  component: Component | null;
  /** 0 to 100; 100 only when COMPLETED. */
  percent: number;
  processedBytes: number;
  totalBytes: number;
  processedFiles: number;
  totalFiles: number;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
  message: string | null;
  at: Date;
}

/** One step of a backup's progress; the fields are those of the contract's `BackupProgress`. */
export interface BackupProgressRecord extends ProgressRecord {
  backupId: string;
  status: BackupStatus;
  phase: BackupPhase;
  storedBytes: number;
}

/** One step of a restore's progress; the fields are those of the contract's `RestoreProgress`. */
export interface RestoreProgressRecord extends ProgressRecord {
  restoreId: string;
  status: RestoreStatus;
  phase: RestorePhase;
}

/** True when a backup in this state will never change again by itself. */
export function isBackupEnded(status: BackupStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}

/** True when a restore in this state will never change again by itself. */
export function isRestoreEnded(status: RestoreStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'ROLLED_BACK' || status === 'CANCELLED';
}
