import { Arg, Ctx, Directive, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { RestoreService } from '../../services/restore-service.js';
import type { RestoreRecord } from '../../shared/operation.js';
import { toPagination } from '../../shared/paging.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { type ApiContext, actorOf } from '../context.js';
import { CreateRestoreInput, RestoreFilter } from './restore.input.js';
import { Restore } from './restore.type.js';
import { CreateRestorePayload, RestorePage } from './restore-page.type.js';

/** Queries and mutations about restores. */
@Resolver()
export class RestoreResolver {
  constructor(private readonly service: Pick<RestoreService, 'list' | 'get' | 'create' | 'cancel'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => RestorePage, { description: 'Lists restores, newest first. limit is 1 to 100.' })
  async restores(
    @Arg('page', () => Int, { defaultValue: 1, description: 'Number of the page, from 1.' }) page: number,
    @Arg('limit', () => Int, { defaultValue: 10, description: 'Most restores on a page, 1 to 100.' })
    limit: number,
    @Arg('filter', () => RestoreFilter, { nullable: true, description: 'Which restores; absent: all.' })
    filter: RestoreFilter | null,
  ): Promise<RestorePageRecord> {
    const { items, total, summary } = await this.service.list({ page, limit }, filter ?? null);
    return { items, summary, pagination: toPagination({ page, limit }, total) };
  }

  @Directive(ADMIN_ONLY)
  @Query(() => Restore, { description: 'One restore; NOT_FOUND when there is none with this id.' })
  restore(@Arg('id', () => ID, { description: 'The restore.' }) id: string): Promise<RestoreRecord> {
    return this.service.get(id);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => CreateRestorePayload, {
    description: 'Answers at once with the queued restore; follow it with restoreProgress.',
  })
  async createRestore(
    @Ctx() context: ApiContext,
    @Arg('input', () => CreateRestoreInput, { description: 'What to restore, and where to.' })
    input: CreateRestoreInput,
  ): Promise<{ restore: RestoreRecord }> {
    return { restore: await this.service.create(actorOf(context), input) };
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Restore, {
    description:
      'Cancels a restore that has not ended and answers when it has. Rolls back when live data was already touched.',
  })
  cancelRestore(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The restore.' }) id: string,
  ): Promise<RestoreRecord> {
    return this.service.cancel(actorOf(context), id);
  }
}

/** `RestorePage` as the resolver answers it: the items get their remaining fields from `RestoreFieldsResolver`. */
type RestorePageRecord = Omit<RestorePage, 'items'> & { items: RestoreRecord[] };
