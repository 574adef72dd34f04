/**
 * The closed sets of words in the API. Each is the union of the same name in `shared/`, given to GraphQL
 * with a description of every value; the compiler refuses a set that lacks a word or has one too many.
 */
import { registerEnumType } from 'type-graphql';
import type { AlertKind } from '../services/alert.js';
import type { AlertDelivery } from '../services/alert-service.js';
import type { HealthStatus } from '../services/health-service.js';
import type { ArchiveFormat } from '../shared/archive-format.js';
import type { Component } from '../shared/component.js';
import type {
  BackupPhase,
  BackupStatus,
  BackupType,
  RestorePhase,
  RestoreStatus,
  Role,
  Trigger,
} from '../shared/operation.js';

type Words<T extends string> = { readonly [Word in T]: Word };

function registerWords<T extends string>(
  name: string,
  description: string,
  descriptions: Record<T, string>,
): Words<T> {
  const entries = Object.entries<string>(descriptions);
  const words = Object.fromEntries(entries.map(([word]) => [word, word])) as Words<T>;
  const valuesConfig = Object.fromEntries(entries.map(([word, text]) => [word, { description: text }]));
  registerEnumType<Record<string, string>>(words, { name, description, valuesConfig });
  return words;
}

/** GraphQL `Component`. */
export const ComponentEnum = registerWords<Component>(
  'Component',
  'A part of the point-of-sale system that can be backed up and restored on its own.',
  {
    DATABASE: 'The database of the till, captured at one moment.',
    CONFIG: 'The configuration files and folders.',
    CACHE: 'The cache folders.',
    FILES: 'The other files: receipts, pictures, documents.',
  },
);

/** GraphQL `Role`. */
export const RoleEnum = registerWords<Role>(
  'Role',
  'Roles that the point-of-sale system puts into its tokens.',
  {
    ADMIN: 'May take, restore and delete backups.',
    MANAGER: 'Runs a shop; may use no operation of this server.',
    CASHIER: 'Works at a till; may use no operation of this server.',
  },
);

/** GraphQL `BackupType`. */
export const BackupTypeEnum = registerWords<BackupType>(
  'BackupType',
  'How much of the till a backup holds.',
  {
    FULL: 'All four components.',
    PARTIAL: 'The components that were asked for.',
  },
);

/** GraphQL `BackupStatus`. */
export const BackupStatusEnum = registerWords<BackupStatus>('BackupStatus', 'Where a backup stands.', {
  QUEUED: 'Waits for its turn.',
  RUNNING: 'Is being taken.',
  COMPLETED: 'Ended with success; can be restored.',
  FAILED: 'Ended without success; `error` says why.',
  CANCELLED: 'Was cancelled before it ended.',
});

/** GraphQL `RestoreStatus`. */
export const RestoreStatusEnum = registerWords<RestoreStatus>('RestoreStatus', 'Where a restore stands.', {
  QUEUED: 'Waits for its turn.',
  VALIDATING: 'Reads and checks every byte that is to be restored; nothing is written to the target.',
  RESTORING: 'Stages the restored data beside the target, checks it and swaps it in.',
  COMPLETED: 'Ended with success.',
  FAILED: 'Ended without success, the target as it was; `error` says why.',
  ROLLED_BACK: 'Ended without success after the target was touched; what was there was brought back.',
  CANCELLED: 'Was cancelled before it ended; the target is as it was.',
});

/** GraphQL `Trigger`. */
export const TriggerEnum = registerWords<Trigger>('Trigger', 'What caused a backup.', {
  MANUAL: 'A request over the API.',
  SCHEDULE: 'A schedule.',
  PRE_RESTORE: 'A restore, as the safety backup of what it was about to overwrite.',
});

/** GraphQL `SortDirection`. */
export const SortDirectionEnum = registerWords<'ASC' | 'DESC'>('SortDirection', 'Order of a sorted list.', {
  ASC: 'Smallest, oldest or first in the alphabet comes first.',
  DESC: 'Largest, newest or last in the alphabet comes first.',
});

/** GraphQL `BackupSortField`. */
export const BackupSortFieldEnum = registerWords<'CREATED_AT' | 'NAME' | 'SIZE_BYTES' | 'EXPIRES_AT'>(
  'BackupSortField',
  'What a list of backups is sorted by.',
  {
    CREATED_AT: 'When the backup was asked for.',
    NAME: 'The name.',
    SIZE_BYTES: 'Bytes of source data captured.',
    EXPIRES_AT: 'When the backup expires.',
  },
);

/** GraphQL `ArchiveFormat`. */
export const ArchiveFormatEnum = registerWords<ArchiveFormat>(
  'ArchiveFormat',
  'Format of a downloaded backup.',
  {
    ZIP: 'A ZIP archive.',
    TAR: 'A tar archive, not compressed.',
    TAR_GZ: 'A tar archive compressed with gzip.',
    TAR_ZST: 'A tar archive compressed with zstd.',
  },
);

/** GraphQL `VerificationStatus`. */
export const VerificationStatusEnum = registerWords<'RUNNING' | 'PASSED' | 'FAILED'>(
  'VerificationStatus',
  'Where the verification of a backup stands.',
  {
    RUNNING: 'Chunks are being read.',
    PASSED: 'Every chunk was read, authenticated and hashed.',
    FAILED: 'At least one chunk is missing or damaged; `error` says which.',
  },
);

/** GraphQL `BackupPhase`. */
export const BackupPhaseEnum = registerWords<BackupPhase>('BackupPhase', 'What a backup is doing.', {
  QUEUED: 'Waits for its turn.',
  SCANNING: 'Finds out what there is to capture.',
  CAPTURING: 'Reads the till and stores what is new.',
  FINALIZING: 'Writes the index and the snapshot that makes the backup count.',
  DONE: 'Ended, with or without success.',
});

/** GraphQL `RestorePhase`. */
export const RestorePhaseEnum = registerWords<RestorePhase>('RestorePhase', 'What a restore is doing.', {
  QUEUED: 'Waits for its turn.',
  VALIDATING: 'Reads, authenticates and hashes every chunk that it needs.',
  SNAPSHOTTING: 'Takes the safety backup of what will be overwritten.',
  STAGING: 'Writes the restored data beside the target.',
  CHECKING: 'Checks the staged data: checksums and the integrity of databases.',
  SWAPPING: 'Puts the staged data in the place of the old.',
  ROLLING_BACK: 'Brings back what was there before.',
  DONE: 'Ended, with or without success.',
});

/** GraphQL `HealthStatus`. */
export const HealthStatusEnum = registerWords<HealthStatus>('HealthStatus', 'How well something is.', {
  OK: 'As it should be.',
  DEGRADED: 'It works, and somebody should look at it.',
  DOWN: 'It does not work.',
});

/** GraphQL `AlertKind`, whose words stand for those of `AlertKind`. */
export const AlertKindEnum = {
  BACKUP_FAILED: 'backup.failed',
  BACKUP_MISSED: 'backup.missed',
  BACKUP_OVERDUE: 'backup.overdue',
  BACKUP_SUSPICIOUS: 'backup.suspicious',
  VERIFICATION_FAILED: 'verification.failed',
  RESTORE_TEST_FAILED: 'restoreTest.failed',
  STORAGE_LOW: 'storage.low',
} as const satisfies Record<string, AlertKind>;
registerEnumType(AlertKindEnum, {
  name: 'AlertKind',
  description: 'What an administrator can be told of.',
  valuesConfig: {
    BACKUP_FAILED: { description: 'A backup ended without success.' },
    BACKUP_MISSED: { description: 'A schedule could not run when it was due.' },
    BACKUP_OVERDUE: { description: 'A component has had no good backup for too long.' },
    BACKUP_SUSPICIOUS: { description: 'A backup holds something very different from those before it.' },
    VERIFICATION_FAILED: { description: 'Stored data is damaged or missing.' },
    RESTORE_TEST_FAILED: { description: 'A backup could not be restored for a test.' },
    STORAGE_LOW: { description: 'The backup storage is nearly full.' },
  },
});

/** GraphQL `AlertDeliveryState`. */
export const AlertDeliveryStateEnum = registerWords<AlertDelivery['state']>(
  'AlertDeliveryState',
  'Whether the webhook has been told of an alert.',
  {
    NONE: 'Nobody is to be told: no webhook was configured when it was raised.',
    PENDING: 'The webhook has not taken it yet; it is tried again.',
    DELIVERED: 'The webhook has taken it.',
    ABANDONED: 'The webhook did not take it for three days, and it was given up.',
  },
);
