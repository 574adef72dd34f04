import { Field, ID, ObjectType } from 'type-graphql';
import { VerificationStatusEnum } from '../enums.js';
import { OperationError } from '../operation/operation-error.type.js';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `Verification`. */
@ObjectType({
  description: 'A check that a backup can be restored: every chunk read, authenticated and hashed.',
})
export class Verification {
  @Field(() => ID, { description: 'Identifies the verification.' })
  id!: string;

  @Field(() => ID, { description: 'The backup that is verified.' })
  backupId!: string;

  @Field(() => VerificationStatusEnum, { description: 'Where it stands.' })
  status!: keyof typeof VerificationStatusEnum;

  @Field(() => ByteCount, { description: 'Bytes of content checked so far.' })
  checkedBytes!: number;

  @Field(() => DateTime, { description: 'When it started.' })
  startedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null while it runs.' })
  completedAt!: Date | null;

  @Field(() => OperationError, { nullable: true, description: 'What is wrong; null unless FAILED.' })
  error!: OperationError | null;
}
