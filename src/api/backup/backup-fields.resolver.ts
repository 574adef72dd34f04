import { Arg, FieldResolver, Resolver, Root } from 'type-graphql';
import type { ProgressService } from '../../services/progress-service.js';
import type { BackupRecord } from '../../shared/operation.js';
import { ArchiveFormatEnum } from '../enums.js';
import { BackupProgress, toBackupProgress } from '../progress/backup-progress.type.js';
import { Verification } from '../verification/verification.type.js';
import { Backup } from './backup.type.js';

/** Fields of `Backup` that its record does not hold. */
@Resolver(() => Backup)
export class BackupFieldsResolver {
  constructor(private readonly service: Pick<ProgressService, 'latestBackupProgress'>) {}

  @FieldResolver(() => BackupProgress, {
    nullable: true,
    description: 'Latest progress; null before it started.',
  })
  async progress(@Root() backup: BackupRecord): Promise<BackupProgress | null> {
    const latest = await this.service.latestBackupProgress(backup.id);
    return latest && toBackupProgress(latest);
  }

  // Nothing verifies backups yet, so none was ever verified.
  @FieldResolver(() => Verification, {
    nullable: true,
    description: 'Latest verification; null when never verified.',
  })
  verification(): Verification | null {
    return null;
  }

  // There is no route to download from yet.
  @FieldResolver(() => String, {
    nullable: true,
    description: 'Path on this server with a signature that lasts minutes; null until COMPLETED.',
  })
  downloadUrl(
    @Arg('format', () => ArchiveFormatEnum, {
      defaultValue: 'TAR_ZST',
      description: 'Format of the archive.',
    })
    _format: keyof typeof ArchiveFormatEnum,
  ): string | null {
    return null;
  }
}
