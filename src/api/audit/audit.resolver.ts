import { Arg, Directive, Int, Query, Resolver } from 'type-graphql';
import type { AuditService } from '../../services/audit-service.js';
import { toPagination } from '../../shared/paging.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { AuditFilter } from './audit.input.js';
import { AuditPage, AuditVerification } from './audit.type.js';

/** Queries about the audit log. */
@Resolver()
export class AuditResolver {
  constructor(private readonly service: Pick<AuditService, 'list' | 'verify'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => AuditPage, { description: 'Lists the audit log, newest first. limit is 1 to 100.' })
  async auditLog(
    @Arg('page', () => Int, { defaultValue: 1, description: 'Number of the page, from 1.' }) page: number,
    @Arg('limit', () => Int, { defaultValue: 50, description: 'Most entries on a page, 1 to 100.' })
    limit: number,
    @Arg('filter', () => AuditFilter, { nullable: true, description: 'Which entries; absent: all.' })
    filter: AuditFilter | null,
  ): Promise<AuditPage> {
    const { items, total } = await this.service.list({ page, limit }, filter ?? null);
    return { items, pagination: toPagination({ page, limit }, total) };
  }

  @Directive(ADMIN_ONLY)
  @Query(() => AuditVerification, {
    description:
      'Reads the whole audit log and finds entries that were changed, removed or added by others than the server. Takes about a second for 20,000 entries.',
  })
  auditVerify(): Promise<AuditVerification> {
    return this.service.verify();
  }
}
