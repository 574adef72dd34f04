import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import type { RestorePhase, RestoreProgressRecord, RestoreStatus } from '../../shared/operation.js';
import { ComponentEnum, RestorePhaseEnum, RestoreStatusEnum } from '../enums.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `RestoreProgress`. */
@ObjectType({
  description:
    "One step of a restore's progress. Counters never go down; `sequence` starts at 1 and has no gaps.",
})
export class RestoreProgress {
  @Field(() => ID, { description: 'The restore.' })
  restoreId!: string;

  @Field(() => Int, { description: 'Number of this step, from 1, without gaps.' })
  sequence!: number;

  @Field(() => RestoreStatusEnum, { description: 'Where the restore stood.' })
  status!: RestoreStatus;

  @Field(() => RestorePhaseEnum, { description: 'What the restore was doing.' })
  phase!: RestorePhase;

  @Field(() => ComponentEnum, {
    nullable: true,
    description: 'The component in hand; null between components.',
  })
  component!: Component | null;

  @Field(() => Float, { description: '0 to 100; 100 only when COMPLETED.' })
  percent!: number;

  @Field(() => ByteCount, { description: 'Bytes checked or written so far.' })
  processedBytes!: number;

  @Field(() => ByteCount, { description: 'Bytes to check and write in all, as far as known.' })
  totalBytes!: number;

  @Field(() => Int, { description: 'Files checked or written so far.' })
  processedFiles!: number;

  @Field(() => Int, { description: 'Files to check and write in all, as far as known.' })
  totalFiles!: number;

  @Field(() => Float, { description: 'Bytes a second, lately; 0 when not known.' })
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
export function toRestoreProgress(record: RestoreProgressRecord): RestoreProgress {
  return { ...record, bytesPerSecond: record.bytesPerSecond ?? 0 };
}
