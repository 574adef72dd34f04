import { Field, ID, Int, ObjectType } from 'type-graphql';
import type {
  BackupSummary as BackupSummaryRecord,
  BatchResult as BatchResultRecord,
} from '../../services/backup-service.js';
import { OperationError } from '../operation/operation-error.type.js';
import { Pagination } from '../operation/pagination.type.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';
import { Backup } from './backup.type.js';

/** GraphQL `BackupSummary`. */
@ObjectType({ description: 'Figures over every backup that matches the filter, on all pages.' })
export class BackupSummary implements BackupSummaryRecord {
  @Field(() => Int, { description: 'Number of backups.' })
  total!: number;

  @Field(() => Int, { description: 'Number of backups that are COMPLETED.' })
  completed!: number;

  @Field(() => Int, { description: 'Number of backups that are FAILED.' })
  failed!: number;

  @Field(() => Int, { description: 'Number of backups that are QUEUED or RUNNING.' })
  running!: number;

  @Field(() => ByteCount, { description: 'Bytes of source data captured, added up.' })
  totalSizeBytes!: number;

  @Field(() => ByteCount, { description: 'Bytes added to the storage, added up.' })
  totalStoredBytes!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the oldest was asked for; null without backups.',
  })
  oldest!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the newest was asked for; null without backups.',
  })
  newest!: Date | null;
}

/** GraphQL `BackupPage`. */
@ObjectType({ description: 'One page of backups.' })
export class BackupPage {
  @Field(() => [Backup], { description: 'The backups on this page, in the order asked for.' })
  items!: Backup[];

  @Field(() => Pagination, { description: 'Which page this is, and of how many.' })
  pagination!: Pagination;

  @Field(() => BackupSummary, { description: 'Figures over all pages.' })
  summary!: BackupSummary;
}

/** GraphQL `CreateBackupPayload`. */
@ObjectType({ description: 'Answer to createBackup.' })
export class CreateBackupPayload {
  @Field(() => Backup, { description: 'The backup, QUEUED; follow it with backupProgress.' })
  backup!: Backup;
}

/** GraphQL `BatchResult`. */
@ObjectType({ description: 'How one of several came out.' })
export class BatchResult implements BatchResultRecord {
  @Field(() => ID, { description: 'What was asked for.' })
  id!: string;

  @Field(() => OperationError, { nullable: true, description: 'Why it was refused; null when it was done.' })
  error!: OperationError | null;
}

/** GraphQL `DeleteBackupPayload`. */
@ObjectType({ description: 'Answer to deleteBackup.' })
export class DeleteBackupPayload {
  @Field(() => ID, { description: 'The backup that is no more.' })
  deletedId!: string;
}
