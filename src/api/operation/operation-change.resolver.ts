import { createUnionType, Directive, Resolver, Root, Subscription } from 'type-graphql';
import type { OperationChange } from '../../services/operation-feed.js';
import type { BackupRecord, RestoreRecord } from '../../shared/operation.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { Backup } from '../backup/backup.type.js';
import type { ApiContext } from '../context.js';
import { cancellable } from '../progress/cancellable.js';
import { Restore } from '../restore/restore.type.js';

const OperationChangeUnion = createUnionType({
  name: 'OperationChange',
  description: 'A backup or a restore whose status has changed, as it is now.',
  types: () => [Backup, Restore] as const,
  resolveType: (value: object) => ('backupId' in value ? Restore : Backup),
});

/** Subscription to every operation's change of status. */
@Resolver()
export class OperationChangeResolver {
  @Directive(ADMIN_ONLY)
  @Subscription(() => OperationChangeUnion, {
    subscribe: ({ context }: { context: ApiContext }) =>
      cancellable((signal) => context.operations.subscribe(signal)),
    description: "Every backup's and restore's change of status, for dashboards.",
  })
  operationChanged(@Root() change: OperationChange): BackupRecord | RestoreRecord {
    return change.kind === 'backup' ? change.backup : change.restore;
  }
}
