import { Directive, Query, Resolver } from 'type-graphql';
import type { StorageService } from '../../services/storage-service.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { StorageStatus } from './storage-status.type.js';

/** The query about the storage. */
@Resolver()
export class StorageResolver {
  constructor(private readonly service: Pick<StorageService, 'status'>) {}

  @Directive(ADMIN_ONLY)
  @Query(() => StorageStatus, { description: 'How full the storage of backups is.' })
  storage(): Promise<StorageStatus> {
    return this.service.status();
  }
}
