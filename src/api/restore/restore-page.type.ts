import { Field, Int, ObjectType } from 'type-graphql';
import type { RestoreSummary as RestoreSummaryRecord } from '../../services/restore-service.js';
import { Pagination } from '../operation/pagination.type.js';
import { Restore } from './restore.type.js';

/** GraphQL `RestoreSummary`. */
@ObjectType({ description: 'Figures over every restore that matches the filter, on all pages.' })
export class RestoreSummary implements RestoreSummaryRecord {
  @Field(() => Int, { description: 'Number of restores.' })
  total!: number;

  @Field(() => Int, { description: 'Number of restores that are COMPLETED.' })
  completed!: number;

  @Field(() => Int, { description: 'Number of restores that are FAILED.' })
  failed!: number;

  @Field(() => Int, { description: 'Number of restores that are QUEUED, VALIDATING or RESTORING.' })
  running!: number;

  @Field(() => Int, { description: 'Number of restores that are ROLLED_BACK.' })
  rolledBack!: number;

  @Field(() => Int, { description: 'Number of restores whose every byte was checked.' })
  validated!: number;
}

/** GraphQL `RestorePage`. */
@ObjectType({ description: 'One page of restores.' })
export class RestorePage {
  @Field(() => [Restore], { description: 'The restores on this page, newest first.' })
  items!: Restore[];

  @Field(() => Pagination, { description: 'Which page this is, and of how many.' })
  pagination!: Pagination;

  @Field(() => RestoreSummary, { description: 'Figures over all pages.' })
  summary!: RestoreSummary;
}

/** GraphQL `CreateRestorePayload`. */
@ObjectType({ description: 'Answer to createRestore.' })
export class CreateRestorePayload {
  @Field(() => Restore, { description: 'The restore, QUEUED; follow it with restoreProgress.' })
  restore!: Restore;
}
