import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import type { BackupPhase, BackupProgressRecord, BackupStatus } from '../../shared/operation.js';
import { BackupPhaseEnum, BackupStatusEnum, ComponentEnum } from '../enums.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `BackupProgress`. */
@ObjectType({
  description:
    "One step of a backup's progress. Counters never go down; `sequence` starts at 1 and has no gaps.",
})
export class BackupProgress {
  @Field(() => ID, { description: 'The backup.' })
  backupId!: string;

  @Field(() => Int, { description: 'Number of this step, from 1, without gaps.' })
  sequence!: number;

  @Field(() => BackupStatusEnum, { description: 'Where the backup stood.' })
  status!: BackupStatus;

  @Field(() => BackupPhaseEnum, { description: 'What the backup was doing.' })
  phase!: BackupPhase;

  @Field(() => ComponentEnum, {
    nullable: true,
    description: 'The component in hand; null between components.',
  })
  component!: Component | null;

  @Field(() => Float, { description: '0 to 100; 100 only when COMPLETED.' })
  percent!: number;

  @Field(() => ByteCount, { description: 'Bytes of source data captured so far.' })
  processedBytes!: number;

  @Field(() => ByteCount, { description: 'Bytes of source data in all, as far as known.' })
  totalBytes!: number;

  @Field(() => ByteCount, { description: 'Bytes added to the storage so far.' })
  storedBytes!: number;

  @Field(() => Int, { description: 'Files captured so far.' })
  processedFiles!: number;

  @Field(() => Int, { description: 'Files in all, as far as known.' })
  totalFiles!: number;

  @Field(() => Float, { description: 'Bytes of source data a second, lately; 0 when not known.' })
  bytesPerSecond!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Seconds until the end, estimated; null when not known.',
  })
  etaSeconds!: number | null;

  @Field(() => String, { nullable: true, description: 'What is being done, for people.' })
  message!: string | null;

  @Field(() => DateTime, { description: 'When this step was reached.' })
  at!: Date;
}

/** The API's form of `record`: a rate that is not known yet is 0. */
export function toBackupProgress(record: BackupProgressRecord): BackupProgress {
  return { ...record, bytesPerSecond: record.bytesPerSecond ?? 0 };
}
