import { Field, ID, InputType } from 'type-graphql';
import type { AuditFilter as AuditFilterRequest } from '../../services/audit-service.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `AuditFilter`. */
@InputType({ description: 'Which entries to list: those that meet every condition given.' })
export class AuditFilter implements AuditFilterRequest {
  @Field(() => String, { nullable: true, description: 'Only entries of this actor.' })
  actor?: string | null;

  @Field(() => String, { nullable: true, description: 'Only entries with this action, such as auth.denied.' })
  action?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only entries about this backup, restore or operation.' })
  target?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Only entries of this instant or later.' })
  after?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only entries of this instant or earlier.' })
  before?: Date | null;
}
