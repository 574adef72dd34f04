import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ByteCount } from '../scalars/byte-count.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `RepositoryVerification`. */
@ObjectType({
  description:
    'How far the rolling verification has come, which reads every stored byte within a number of days.',
})
export class RepositoryVerification {
  @Field(() => Int, { description: 'Within how many days everything is read; 0 when it is not.' })
  days!: number;

  @Field(() => Boolean, { description: 'Whether it reads now.' })
  isRunning!: boolean;

  @Field(() => Int, { description: 'Number of stored objects.' })
  objects!: number;

  @Field(() => ByteCount, { description: 'Bytes of the stored objects.' })
  totalBytes!: number;

  @Field(() => ByteCount, { description: 'Those of them that were read within `days`.' })
  checkedBytes!: number;

  @Field(() => Float, { description: 'Share of the bytes that was read within `days`, 0 to 100.' })
  coveredPercent!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Since when the object that has waited longest was not read; null when there is none.',
  })
  oldestAt!: Date | null;

  @Field(() => Int, {
    description: 'Number of objects that were found damaged, whether or not a backup needs them.',
  })
  damagedObjects!: number;
}
