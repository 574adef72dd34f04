import { Directive, Query, Resolver } from 'type-graphql';
import type {
  RepositoryCoverage,
  RepositoryVerification as RepositoryVerificationService,
} from '../../services/repository-verification.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { RepositoryVerification } from './repository-verification.type.js';

/** What can be asked of the repository as a whole. */
@Resolver()
export class RepositoryResolver {
  constructor(private readonly service: Pick<RepositoryVerificationService, 'coverage'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => RepositoryVerification, {
    description: 'How far the rolling verification of everything that is stored has come.',
  })
  repositoryVerification(): Promise<RepositoryCoverage> {
    return this.service.coverage();
  }
}
