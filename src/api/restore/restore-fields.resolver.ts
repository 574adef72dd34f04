import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { BackupService } from '../../services/backup-service.js';
import type { ProgressService } from '../../services/progress-service.js';
import type { BackupRecord, RestoreRecord } from '../../shared/operation.js';
import { Backup } from '../backup/backup.type.js';
import { RestoreProgress, toRestoreProgress } from '../progress/restore-progress.type.js';
import { Restore } from './restore.type.js';

/** Fields of `Restore` that its record does not hold. */
@Resolver(() => Restore)
export class RestoreFieldsResolver {
  constructor(
    private readonly deps: {
      backups: Pick<BackupService, 'find'>;
      progress: Pick<ProgressService, 'latestRestoreProgress'>;
    },
  ) {}

  @FieldResolver(() => Backup, {
    nullable: true,
    description: 'The backup that is restored from; null after it is deleted.',
  })
  backup(@Root() restore: RestoreRecord): Promise<BackupRecord | null> {
    return this.deps.backups.find(restore.backupId);
  }

  @FieldResolver(() => RestoreProgress, {
    nullable: true,
    description: 'Latest progress; null before it started.',
  })
  async progress(@Root() restore: RestoreRecord): Promise<RestoreProgress | null> {
    const latest = await this.deps.progress.latestRestoreProgress(restore.id);
    return latest && toRestoreProgress(latest);
  }
}
