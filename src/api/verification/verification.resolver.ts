import { Arg, Ctx, Directive, ID, Mutation, Resolver } from 'type-graphql';
import type { BackupCheckService } from '../../services/backup-check-service.js';
import type { BackupCheck } from '../../shared/backup-check.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { type ApiContext, actorOf } from '../context.js';
import { RestoreTest } from '../restore-test/restore-test.type.js';
import { toRestoreTest } from '../restore-test/to-restore-test.js';
import { Verification } from './verification.type.js';

/** Mutations that prove backups. */
@Resolver()
export class VerificationResolver {
  constructor(private readonly service: Pick<BackupCheckService, 'start'>) {}

  @Directive(ADMIN_ONLY)
  @Mutation(() => Verification, {
    description:
      'Reads every byte of a backup and compares it with its checksums, beside other operations. Answers at once; ask for `verification` of the backup to follow it. While one runs for the backup, answers that one. CONFLICT unless the backup is COMPLETED.',
  })
  verifyBackup(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
  ): Promise<BackupCheck> {
    return this.service.start(actorOf(context), 'VERIFICATION', id);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => RestoreTest, {
    description:
      'Restores a backup to a scratch place, looks at it there and removes it, beside other operations and without touching the till. Answers at once; ask for `restoreTest` of the backup to follow it. While one runs for the backup, answers that one. CONFLICT unless the backup is COMPLETED.',
  })
  async testRestore(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
  ): Promise<RestoreTest> {
    return toRestoreTest(await this.service.start(actorOf(context), 'RESTORE_TEST', id));
  }
}
