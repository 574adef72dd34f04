import { Field, ObjectType } from 'type-graphql';

/** GraphQL `OperationError`. */
@ObjectType({ description: 'Why an operation ended without success.' })
export class OperationError {
  @Field(() => String, { description: 'A stable code, such as SOURCE_UNAVAILABLE or DATA_CORRUPTED.' })
  code!: string;

  @Field(() => String, { description: 'What went wrong and what to do about it, for people.' })
  message!: string;
}
