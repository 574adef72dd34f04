import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import { ComponentEnum, VerificationStatusEnum } from '../enums.js';
import { OperationError } from '../operation/operation-error.type.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `TableRows`. */
@ObjectType({ description: 'How many rows a table of a restored database has.' })
export class TableRows {
  @Field(() => String, { description: 'Name of the table, with its schema where there are several.' })
  name!: string;

  @Field(() => Float, { description: 'Number of rows, counted in the restored copy.' })
  rows!: number;
}

/** GraphQL `RestoreTestComponent`. */
@ObjectType({ description: 'What was found in one component that was restored on trial.' })
export class RestoreTestComponent {
  @Field(() => ComponentEnum, { description: 'The component.' })
  component!: Component;

  @Field(() => Int, {
    description: 'Number of files restored, read back and compared with their SHA-256 in the manifest.',
  })
  files!: number;

  @Field(() => ByteCount, { description: 'Bytes restored.' })
  sizeBytes!: number;

  @Field(() => Float, { description: 'Seconds from the first byte restored to the last one looked at.' })
  seconds!: number;

  @Field(() => [TableRows], { description: 'Tables of a database; empty for folders.' })
  tables!: TableRows[];

  @Field(() => [String], {
    description: 'What was checked, and what an administrator should know of it, one sentence each.',
  })
  findings!: string[];
}

/** GraphQL `RestoreTest`. */
@ObjectType({
  description:
    'A proof that a backup can be restored: it was restored to a scratch place, its database opened, checked and counted, its files compared with the manifest, and everything removed again.',
})
export class RestoreTest {
  @Field(() => ID, { description: 'Identifies the restore test.' })
  id!: string;

  @Field(() => ID, { description: 'The backup that is tested.' })
  backupId!: string;

  @Field(() => VerificationStatusEnum, { description: 'Where it stands.' })
  status!: keyof typeof VerificationStatusEnum;

  @Field(() => ByteCount, { description: 'Bytes restored so far.' })
  checkedBytes!: number;

  @Field(() => DateTime, { description: 'When it was asked for.' })
  startedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it runs.' })
  completedAt!: Date | null;

  @Field(() => OperationError, { nullable: true, description: 'What is wrong; null unless FAILED.' })
  error!: OperationError | null;

  @Field(() => String, {
    nullable: true,
    description: 'The version of Tillvault that tested; null unless PASSED.',
  })
  version!: string | null;

  @Field(() => [RestoreTestComponent], { description: 'The evidence, by component; empty unless PASSED.' })
  components!: RestoreTestComponent[];
}
