import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';
import type { CleanupReport as CleanupReportRecord, CleanupService } from '../../services/cleanup-service.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { type ApiContext, actorOf } from '../context.js';
import { CleanupReport } from './cleanup-report.type.js';

/** The clean-up. */
@Resolver()
export class CleanupResolver {
  constructor(private readonly service: Pick<CleanupService, 'run'>) {}

  @Directive(ADMIN_ONLY)
  @Mutation(() => CleanupReport, {
    description:
      'Removes expired backups and reclaims space, and answers when that is done. CONFLICT while another clean-up runs.',
  })
  cleanup(
    @Ctx() context: ApiContext,
    @Arg('dryRun', () => Boolean, {
      defaultValue: false,
      description: 'true: changes nothing, and shows exactly what would be done.',
    })
    dryRun: boolean,
  ): Promise<CleanupReportRecord> {
    return this.service.run(actorOf(context), { dryRun });
  }
}
