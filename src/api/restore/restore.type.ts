import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import type { RestoreRecord, RestoreStatus } from '../../shared/operation.js';
import { ComponentEnum, RestoreStatusEnum } from '../enums.js';
import { OperationError } from '../operation/operation-error.type.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/**
 * GraphQL `Restore`; `backup` and `progress` are in `RestoreFieldsResolver`.
 * A `RestoreRecord` is answered as it is.
 */
@ObjectType({ description: 'One restore, from the request on.' })
export class Restore implements Partial<RestoreRecord> {
  @Field(() => ID, { description: 'Identifies the restore.' })
  id!: string;

  @Field(() => ID, { description: 'The backup that is restored from; kept after it is deleted.' })
  backupId!: string;

  @Field(() => String, { description: 'Name of that backup. Kept after the backup is deleted.' })
  backupName!: string;

  @Field(() => RestoreStatusEnum, { description: 'Where it stands.' })
  status!: RestoreStatus;

  @Field(() => [ComponentEnum], { description: 'The components to restore.' })
  components!: Component[];

  @Field(() => [String], {
    nullable: true,
    description: 'The files and folders to restore; null: everything in the components.',
  })
  paths!: string[] | null;

  @Field(() => Boolean, { description: 'Whether existing data is overwritten.' })
  overwrite!: boolean;

  @Field(() => Boolean, { description: 'True when everything is read and checked and nothing is written.' })
  validateOnly!: boolean;

  @Field(() => Boolean, {
    description: 'True once every byte to be restored was checked against its checksum.',
  })
  validated!: boolean;

  @Field(() => ID, {
    nullable: true,
    description: 'The safety backup taken before live data was touched; null when none was needed.',
  })
  restorePointId!: string | null;

  @Field(() => Int, { description: 'Number of files restored.' })
  restoredFiles!: number;

  @Field(() => Int, { description: 'Number of files left as they were, because overwrite is false.' })
  skippedFiles!: number;

  @Field(() => ByteCount, { description: 'Bytes restored.' })
  restoredBytes!: number;

  @Field(() => [String], {
    description:
      'What an administrator should know of what was restored, one sentence each: rows that refer to missing rows, sockets that could not be kept.',
  })
  notices!: string[];

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
}
