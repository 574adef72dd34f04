import { Arg, Directive, Extensions, ID, Int, Resolver, Root, Subscription } from 'type-graphql';
import type { BackupProgressRecord, RestoreProgressRecord } from '../../shared/operation.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import type { ApiContext } from '../context.js';
import { SHARED } from '../shared-subscriptions.js';
import { BackupProgress, toBackupProgress } from './backup-progress.type.js';
import { cancellable } from './cancellable.js';
import { RestoreProgress, toRestoreProgress } from './restore-progress.type.js';

/** What GraphQL passes on of a request for progress, its arguments checked. */
interface ProgressRequest {
  args: { id: string; after?: number | null };
  context: ApiContext;
}

function followBackup({ args: { id, after }, context }: ProgressRequest) {
  return cancellable((signal) => context.progress.backupProgress(id, after ?? null, signal));
}

function followRestore({ args: { id, after }, context }: ProgressRequest) {
  return cancellable((signal) => context.progress.restoreProgress(id, after ?? null, signal));
}

/** Subscriptions to the progress of one backup or restore. */
@Resolver()
export class ProgressResolver {
  @Directive(ADMIN_ONLY)
  @Extensions(SHARED)
  @Subscription(() => BackupProgress, {
    subscribe: followBackup,
    description:
      'Sends the latest event at once (or every event after `after`), then live ones; completes after DONE.',
  })
  backupProgress(
    @Arg('id', () => ID, { description: 'The backup.' }) _id: string,
    @Arg('after', () => Int, {
      nullable: true,
      description: 'Sequence number of the last event already seen, 0 for none.',
    })
    _after: number | null,
    @Root() record: BackupProgressRecord,
  ): BackupProgress {
    return toBackupProgress(record);
  }

  @Directive(ADMIN_ONLY)
  @Extensions(SHARED)
  @Subscription(() => RestoreProgress, {
    subscribe: followRestore,
    description:
      'Sends the latest event at once (or every event after `after`), then live ones; completes after DONE.',
  })
  restoreProgress(
    @Arg('id', () => ID, { description: 'The restore.' }) _id: string,
    @Arg('after', () => Int, {
      nullable: true,
      description: 'Sequence number of the last event already seen, 0 for none.',
    })
    _after: number | null,
    @Root() record: RestoreProgressRecord,
  ): RestoreProgress {
    return toRestoreProgress(record);
  }
}
