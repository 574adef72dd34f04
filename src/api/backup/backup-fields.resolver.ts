import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { BackupCheckService } from '../../services/backup-check-service.js';
import type { DownloadService } from '../../services/download-service.js';
import type { ArchiveFormat } from '../../shared/archive-format.js';
import type { BackupCheck } from '../../shared/backup-check.js';
import type { Component } from '../../shared/component.js';
import type { BackupRecord } from '../../shared/operation.js';
import { type ApiContext, actorOf } from '../context.js';
import { ArchiveFormatEnum, ComponentEnum } from '../enums.js';
import { BackupProgress, toBackupProgress } from '../progress/backup-progress.type.js';
import { RestoreTest } from '../restore-test/restore-test.type.js';
import { toRestoreTest } from '../restore-test/to-restore-test.js';
import { Verification } from '../verification/verification.type.js';
import { Backup } from './backup.type.js';

/** Fields of `Backup` that its record does not hold. */
@Resolver(() => Backup)
export class BackupFieldsResolver {
  constructor(
    private readonly downloads: Pick<DownloadService, 'createLink'>,
    private readonly checks: Pick<BackupCheckService, 'latest'>,
  ) {}

  @FieldResolver(() => BackupProgress, {
    nullable: true,
    description: 'Latest progress; null before it started.',
  })
  async progress(
    @Root() backup: BackupRecord,
    @Ctx() { loaders }: ApiContext,
  ): Promise<BackupProgress | null> {
    const latest = await loaders.backupProgress.load(backup.id);
    return latest && toBackupProgress(latest);
  }

  @FieldResolver(() => Boolean, {
    description:
      'True when its content changed suddenly and nobody has confirmed that it is as it should be: until then the clean-up deletes nothing.',
  })
  suspicious(@Root() { suspicion, confirmedAt }: BackupRecord): boolean {
    return suspicion !== null && confirmedAt === null;
  }

  @FieldResolver(() => Verification, {
    nullable: true,
    description: 'Latest verification; null when never verified.',
  })
  verification(@Root() backup: BackupRecord): Promise<BackupCheck | null> {
    return this.checks.latest(backup.id, 'VERIFICATION');
  }

  @FieldResolver(() => RestoreTest, {
    nullable: true,
    description: 'Latest restore test, with its evidence; null when never tested.',
  })
  async restoreTest(@Root() backup: BackupRecord): Promise<RestoreTest | null> {
    const latest = await this.checks.latest(backup.id, 'RESTORE_TEST');
    return latest && toRestoreTest(latest);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Path on this server with a signature that lasts five minutes; null until COMPLETED. Whoever has it may use it.',
  })
  downloadUrl(
    @Root() backup: BackupRecord,
    @Ctx() context: ApiContext,
    @Arg('format', () => ArchiveFormatEnum, {
      defaultValue: 'TAR_ZST',
      description: 'Format of the archive.',
    })
    format: ArchiveFormat,
    @Arg('components', () => [ComponentEnum], {
      nullable: true,
      defaultValue: null,
      description: 'Only these components; null: all, with paths all but DATABASE.',
    })
    components: Component[] | null,
    @Arg('paths', () => [String], {
      nullable: true,
      defaultValue: null,
      description: 'Only these files and folders, as the backup names them; null: everything.',
    })
    paths: string[] | null,
  ): string | null {
    return this.downloads.createLink(actorOf(context), backup, { format, components, paths });
  }
}
