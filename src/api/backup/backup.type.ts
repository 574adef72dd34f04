import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import type {
  BackupComponentRecord,
  BackupRecord,
  BackupStatus,
  BackupType,
  Trigger,
} from '../../shared/operation.js';
import { BackupStatusEnum, BackupTypeEnum, ComponentEnum, TriggerEnum } from '../enums.js';
import { OperationError } from '../operation/operation-error.type.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `BackupComponent`. */
@ObjectType({ description: 'What one component of a backup holds.' })
export class BackupComponent implements BackupComponentRecord {
  @Field(() => ComponentEnum, { description: 'Which part of the till.' })
  component!: Component;

  @Field(() => String, {
    description: 'What was captured, without secrets: a file name, or engine, host and database name.',
  })
  source!: string;

  @Field(() => ByteCount, { description: 'Bytes of source data captured.' })
  sizeBytes!: number;

  @Field(() => ByteCount, { description: 'Bytes that this component added to the storage.' })
  storedBytes!: number;

  @Field(() => Int, { description: 'Number of files captured.' })
  fileCount!: number;

  @Field(() => String, {
    nullable: true,
    description: "SHA-256 of the component's content, lower-case hex of 64 digits.",
  })
  checksum!: string | null;
}

/**
 * GraphQL `Backup`; `progress`, `verification` and `downloadUrl` are in `BackupFieldsResolver`.
 * A `BackupRecord` is answered as it is.
 */
@ObjectType({ description: 'One backup of the till, from the request until it is deleted.' })
export class Backup implements Partial<BackupRecord> {
  @Field(() => ID, { description: 'Identifies the backup.' })
  id!: string;

  @Field(() => String, { description: 'Its name, 1 to 120 characters.' })
  name!: string;

  @Field(() => BackupTypeEnum, { description: 'How much of the till it holds.' })
  type!: BackupType;

  @Field(() => BackupStatusEnum, { description: 'Where it stands.' })
  status!: BackupStatus;

  @Field(() => TriggerEnum, { description: 'What caused it.' })
  trigger!: Trigger;

  @Field(() => [BackupComponent], {
    description: 'What it holds, component by component; empty until captured.',
  })
  components!: BackupComponent[];

  @Field(() => ByteCount, { description: 'Bytes of source data captured.' })
  sizeBytes!: number;

  @Field(() => ByteCount, {
    description:
      'Bytes that this backup added to the storage, after deduplication, compression and encryption.',
  })
  storedBytes!: number;

  @Field(() => Int, { description: 'Number of files captured.' })
  fileCount!: number;

  @Field(() => Boolean, { description: 'True when its content is encrypted with AES-256-GCM.' })
  encrypted!: boolean;

  @Field(() => Boolean, { description: 'True when its content is compressed with zstd.' })
  compressed!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'SHA-256 over the whole backup, lower-case hex of 64 digits; null until COMPLETED.',
  })
  checksum!: string | null;

  @Field(() => Int, { description: 'Days that it is kept, 1 to 365.' })
  retentionDays!: number;

  @Field(() => DateTime, { description: 'When it expires, unless it is pinned.' })
  expiresAt!: Date;

  @Field(() => Boolean, { description: 'A pinned backup never expires.' })
  pinned!: boolean;

  @Field(() => DateTime, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it started; null while QUEUED.' })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it ended, with or without success.' })
  completedAt!: Date | null;

  @Field(() => String, { description: 'Subject of the token that asked for it.' })
  createdBy!: string;

  @Field(() => OperationError, { nullable: true, description: 'Why it failed; null unless it did.' })
  error!: OperationError | null;

  @Field(() => [String], {
    description: 'What was left out or changed while it was read, one sentence each.',
  })
  notices!: string[];

  @Field(() => ID, {
    nullable: true,
    description: 'The schedule that made it, which may be deleted since; null when somebody asked for it.',
  })
  scheduleId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Why its content is suspicious: it changed suddenly against the backups before it. Null when it is not. Until confirmBackup the clean-up deletes nothing.',
  })
  suspicion!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When an administrator confirmed that it is as it should be; null unless one did.',
  })
  confirmedAt!: Date | null;
}
