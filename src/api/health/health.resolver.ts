import { Directive, Query, Resolver } from 'type-graphql';
import type { HealthService } from '../../services/health-service.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { Health } from './health.type.js';

/** The query about the server's health. */
@Resolver()
export class HealthResolver {
  constructor(private readonly service: Pick<HealthService, 'check'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => Health, {
    description:
      'Looks at every part of the server, for at most 5 seconds each: metadata, engine, storage, queue, age of the newest good backup of each component, alerts, clock.',
  })
  health(): Promise<Health> {
    return this.service.check();
  }
}
