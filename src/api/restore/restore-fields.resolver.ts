import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { BackupRecord, RestoreRecord } from '../../shared/operation.js';
import { Backup } from '../backup/backup.type.js';
import type { ApiContext } from '../context.js';
import { RestoreProgress, toRestoreProgress } from '../progress/restore-progress.type.js';
import { Restore } from './restore.type.js';

/** Fields of `Restore` that its record does not hold. */
@Resolver(() => Restore)
export class RestoreFieldsResolver {
  @FieldResolver(() => Backup, {
    nullable: true,
    description: 'The backup that is restored from; null after it is deleted.',
  })
  backup(@Root() restore: RestoreRecord, @Ctx() { loaders }: ApiContext): Promise<BackupRecord | null> {
    return loaders.backup.load(restore.backupId);
  }

  @FieldResolver(() => RestoreProgress, {
    nullable: true,
    description: 'Latest progress; null before it started.',
  })
  async progress(
    @Root() restore: RestoreRecord,
    @Ctx() { loaders }: ApiContext,
  ): Promise<RestoreProgress | null> {
    const latest = await loaders.restoreProgress.load(restore.id);
    return latest && toRestoreProgress(latest);
  }
}
