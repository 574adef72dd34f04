import { Arg, Ctx, Directive, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { AlertService } from '../../services/alert-service.js';
import { toPagination } from '../../shared/paging.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { type ApiContext, actorOf } from '../context.js';
import { Alert, AlertDelivery, AlertPage } from './alert.type.js';

/** What is asked and said about alerts. */
@Resolver(() => Alert)
export class AlertResolver {
  constructor(private readonly service: Pick<AlertService, 'list' | 'close' | 'findDelivery'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => AlertPage, {
    description:
      'Lists alerts, newest first. They are kept for 90 days after they are over. limit is 1 to 100.',
  })
  async alerts(
    @Arg('page', () => Int, { defaultValue: 1, description: 'Number of the page, from 1.' }) page: number,
    @Arg('limit', () => Int, { defaultValue: 50, description: 'Most alerts on a page, 1 to 100.' })
    limit: number,
    @Arg('open', () => Boolean, {
      nullable: true,
      description: 'Only alerts that last (true), or only those that are over (false); absent: all.',
    })
    open: boolean | null,
  ): Promise<AlertPage> {
    const { items, total } = await this.service.list({ page, limit }, open ?? null);
    return { items, pagination: toPagination({ page, limit }, total) };
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Alert, {
    description:
      'Says that an alert is over. It is raised anew when what it is about is found again. NOT_FOUND when there is none with this id.',
  })
  closeAlert(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The alert.' }) id: string,
  ): Promise<Alert> {
    return this.service.close(actorOf(context), id);
  }

  @FieldResolver(() => AlertDelivery, { description: 'Whether the webhook has been told of it.' })
  delivery(@Root() alert: Alert): Promise<AlertDelivery> {
    return this.service.findDelivery(alert.id);
  }
}
